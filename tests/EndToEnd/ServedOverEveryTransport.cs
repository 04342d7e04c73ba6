namespace CodeExec.Tests.EndToEnd;

/// <summary>The service with a key, over HTTP from one process and over STDIO from one per client. Shared by a test class.</summary>
public sealed class ServedOverEveryTransport : IAsyncLifetime, IDisposable
{
    private readonly TestFolder _folder = new();
    private WebServer? _server;

    /// <summary>The environment of a client: it knows the key.</summary>
    public ProgramSettings ClientSettings => _folder.Settings.With("API_KEY", ApiKey).With("HOME", _folder.Path);

    public string ApiKey { get; } = "end-to-end-key";

    /// <summary>The web process.</summary>
    public RunningProgram Server => _server!.Program;

    /// <summary>Where the web process listens.</summary>
    public Uri Url => _server!.Url;

    /// <summary>A client of HTTP that knows the key.</summary>
    public HttpClient CreateClient()
    {
        var client = new HttpClient { Timeout = TimeSpan.FromSeconds(45) };
        client.DefaultRequestHeaders.Add("x-api-key", ApiKey);
        return client;
    }

    /// <summary>What to connect to: a URL, or the Procfile's command line.</summary>
    public string Target(string transport) => transport switch
    {
        "stdio" => Checkout.ProcfileLine("mcp-python"),
        "sse" => $"{_server!.Url}sse",
        _ => $"{_server!.Url}mcp",
    };

    public async Task InitializeAsync() => _server = await WebServer.StartAsync(_folder.Settings.With("API_KEY", ApiKey));

    public async Task DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();
}
