namespace CodeExec.Cli.Mcp;

/// <summary>Over what a server is spoken to.</summary>
public enum ServerTransport
{
    /// <summary>Standard input and output of a process that is started for it.</summary>
    Stdio,

    /// <summary>HTTP with Server-Sent Events, at <c>/sse</c>.</summary>
    Sse,

    /// <summary>Streamable HTTP, at <c>/mcp</c>.</summary>
    Http,
}

/// <summary>Where the server is that a command talks to.</summary>
/// <param name="Transport">Over what.</param>
/// <param name="Url">The endpoint; null for <see cref="ServerTransport.Stdio"/>.</param>
public sealed record ServerAddress(ServerTransport Transport, Uri? Url)
{
    /// <summary>Works out what was meant.</summary>
    /// <param name="transport">What was typed after --transport; null when it wasn't.</param>
    /// <param name="url">What was typed after --url; null when it wasn't.</param>
    /// <param name="environment">What holds for what wasn't typed.</param>
    /// <exception cref="UsageException">The URL is none, or the two contradict each other.</exception>
    public static ServerAddress Resolve(string? transport, string? url, ClientEnvironment environment)
    {
        var chosen = transport switch
        {
            "stdio" => ServerTransport.Stdio,
            "sse" => ServerTransport.Sse,
            "http" => ServerTransport.Http,
            _ => (url ?? environment.ServerUrl) is { } known && known.TrimEnd('/').EndsWith("/sse", StringComparison.Ordinal) ? ServerTransport.Sse
                : (url ?? environment.ServerUrl) is not null ? ServerTransport.Http
                : ServerTransport.Stdio,
        };
        if (chosen is ServerTransport.Stdio)
            return url is null ? new ServerAddress(chosen, null) : throw new UsageException($"--url {url} and --transport stdio contradict each other. Leave one of them out.");

        var text = url ?? environment.ServerUrl ?? $"http://localhost:{environment.Port}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
            throw new UsageException($"{(url is not null ? "--url" : environment.ServerUrl is not null ? "MCP_SERVER_URL" : "PORT")} makes \"{text}\", which is no address of a server. Write it as in https://my-app.herokuapp.com.");
        if (parsed.AbsolutePath is "" or "/") parsed = new Uri(parsed, chosen is ServerTransport.Sse ? "/sse" : "/mcp");
        return new ServerAddress(chosen, parsed);
    }

    /// <summary>How errors call the server: without user name and password.</summary>
    public override string ToString() => Url is null ? "the STDIO server" : $"the server at {Url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)}";
}
