namespace CodeExec.Shared.Settings;

/// <summary>One key that callers authenticate with.</summary>
/// <param name="Name">Stands for the key in logs.</param>
/// <param name="Value">The secret; never logged.</param>
public sealed record ApiKey(string Name, string Value)
{
    /// <summary>The name alone, so that no log line can hold the secret.</summary>
    public override string ToString() => Name;
}

/// <summary>How MCP is served over HTTP. Immutable; read once at start.</summary>
public sealed record WebOptions
{
    /// <summary>HOST: the address to listen on. Default 0.0.0.0 with a key or on a dyno, else 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>PORT: default 8000; 0 takes a free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>API_KEY: one key, or <c>name:key,name:key</c>. Empty is allowed on loopback alone.</summary>
    public IReadOnlyList<ApiKey> ApiKeys { get; init; } = [];

    /// <summary>STDIO_MODE_ONLY: over HTTP the tool is neither listed nor callable. Default false.</summary>
    public bool StdioModeOnly { get; init; }

    /// <summary>ALLOWED_ORIGINS: further values of the Origin header to accept, comma-separated. Default none: same host and loopback.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>MAX_REQUEST_BYTES: largest accepted HTTP body. Default 8 MiB; 1 KiB to 256 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>MAX_SSE_SESSIONS: open SSE sessions; one more is refused. Default 1000; 1 to 100,000.</summary>
    public int MaxSseSessions { get; init; } = 1000;

    /// <summary>
    /// KEEPALIVE_SECONDS: a comment is written after this much silence. Default 15 s; 1 to 50 s, because Heroku's router closes a
    /// stream after 55 s of silence.
    /// </summary>
    public TimeSpan Keepalive { get; init; } = TimeSpan.FromSeconds(15);
}
