using CodeExec.Shared.Settings;

namespace CodeExec.Cli.Mcp;

/// <summary>What the client takes from the environment, or from the <c>.env</c> file of the working directory, as the server does.</summary>
/// <param name="ServerUrl">MCP_SERVER_URL; null when not set.</param>
/// <param name="Port">PORT; 8000 when not set.</param>
/// <param name="ApiKey">API_KEY, or its first key when it lists several; null when not set. A secret.</param>
public sealed record ClientEnvironment(string? ServerUrl, string Port, string? ApiKey)
{
    /// <summary>Reads this process's environment; it wins over the file.</summary>
    public static ClientEnvironment Read()
    {
        var variables = ProcessEnvironment.Read();
        return new ClientEnvironment(Text(variables, "MCP_SERVER_URL"), Text(variables, "PORT") ?? "8000", FirstKey(Text(variables, "API_KEY")));
    }

    /// <summary>Everything but the key.</summary>
    public override string ToString() => $"server {ServerUrl}, port {Port}, {(ApiKey is null ? "no key" : "a key")}";

    // The server's list of keys is `name:key,name:key`; one variable then serves both sides.
    private static string? FirstKey(string? list)
    {
        if (list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is not [var first, ..]) return null;
        return first[(first.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string? Text(IReadOnlyDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out var text) && text.Trim().Length > 0 ? text.Trim() : null;
}
