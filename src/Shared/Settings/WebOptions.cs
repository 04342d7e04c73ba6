namespace CodeExec.Shared.Settings;

/// <summary>One key that callers authenticate with.</summary>
/// <param name="Name">Stands for the key in logs.</param>
/// <param name="Value">The secret; never logged.</param>
public sealed record ApiKey(string Name, string Value)
{
    /// <summary>The name alone, so that no log line can hold the secret.</summary>
    public override string ToString() => Name;
}

/// <summary>What one caller may have of the service, in each web process. Immutable.</summary>
/// <param name="CallsAtOnce">Calls that run, or whose answer isn't read yet; 1 or more.</param>
/// <param name="CallsPerMinute">Calls within a minute, one after the other or all at once; 0 for any number.</param>
public sealed record CallerLimits(int CallsAtOnce, int CallsPerMinute);

/// <summary>How MCP is served over HTTP. Immutable; read once at start.</summary>
public sealed record WebOptions
{
    /// <summary>HOST: the address to listen on. Default 0.0.0.0 with a key or on a dyno, else 127.0.0.1.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>PORT: default 8000; 0 takes a free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>API_KEY: one key, or <c>name:key,name:key</c>. Empty is allowed on loopback alone.</summary>
    public IReadOnlyList<ApiKey> ApiKeys { get; init; } = [];

    /// <summary>
    /// MAX_CALLS_PER_KEY and MAX_CALLS_PER_MINUTE: the limits of every key that <see cref="KeyLimits"/> doesn't name, and of those who call without
    /// one. Default: with several keys half of the slots and 6000 a minute, else 1000 and any number.
    /// </summary>
    public CallerLimits EachKey { get; init; } = new(1000, 0);

    /// <summary>KEY_LIMITS: the limits of single keys, by name. Default none.</summary>
    public IReadOnlyDictionary<string, CallerLimits> KeyLimits { get; init; } = new Dictionary<string, CallerLimits>(StringComparer.Ordinal);

    /// <summary>
    /// How much of something bounded one key may take: all of it when it is the only one, else half, so that no key can lock out the
    /// others.
    /// </summary>
    /// <param name="all">The bound; 0 or more.</param>
    public int ShareOf(int all) => ApiKeys.Count > 1 ? (all + 1) / 2 : all;

    /// <summary>STDIO_MODE_ONLY: over HTTP the tool is neither listed nor callable. Default false.</summary>
    public bool StdioModeOnly { get; init; }

    /// <summary>ALLOWED_ORIGINS: further values of the Origin header to accept, comma-separated. Default none: same host and loopback.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>MAX_REQUEST_BYTES: largest accepted HTTP body. Default 8 MiB; 1 KiB to 256 MiB.</summary>
    public long MaxRequestBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>MAX_SSE_SESSIONS: open SSE sessions; one more is refused. Default 1000; 1 to 100,000.</summary>
    public int MaxSseSessions { get; init; } = 1000;

    /// <summary>
    /// MAX_CONNECTIONS: open connections; one more is closed without an answer. Default: 1000 more than <see cref="MaxSseSessions"/>, since each SSE
    /// session takes one; 1 to 200,000.
    /// </summary>
    public int MaxConnections { get; init; } = 2000;

    /// <summary>
    /// KEEPALIVE_SECONDS: a comment is written after this much silence. Default 15 s; 1 to 50 s, because Heroku's router closes a
    /// stream after 55 s of silence.
    /// </summary>
    public TimeSpan Keepalive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// RESUME_SECONDS: how long a call goes on, and its answer is kept, for a client that lost its connection and can come back. Default
    /// 10 s; 0 to 300 s. With 0 no client can.
    /// </summary>
    public TimeSpan ResumeTime { get; init; } = TimeSpan.FromSeconds(10);
}
