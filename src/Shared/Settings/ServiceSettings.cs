using System.Net;

namespace CodeExec.Shared.Settings;

/// <summary>Every setting of every process, from environment variables alone, checked together. Immutable.</summary>
/// <seealso href="https://12factor.net/config"/>
public sealed record ServiceSettings
{
    /// <summary>How jobs run.</summary>
    public ExecutionOptions Execution { get; init; } = new();

    /// <summary>How packages are installed.</summary>
    public PackageOptions Packages { get; init; } = new();

    /// <summary>How code is confined.</summary>
    public SandboxOptions Sandbox { get; init; } = new();

    /// <summary>What the tool accepts.</summary>
    public ToolOptions Tool { get; init; } = new();

    /// <summary>How HTTP is served; the defaults in a process that doesn't serve it.</summary>
    public WebOptions Web { get; init; } = new();

    /// <summary>How web and worker reach each other.</summary>
    public QueueOptions Queue { get; init; } = new();

    /// <summary>The settings that exist, with their defaults, in reading order.</summary>
    public IReadOnlyList<KnownSetting> Known { get; init; } = [];

    /// <summary>Reads this process's environment and the <c>.env</c> file of the working directory; the environment wins.</summary>
    /// <param name="servesHttp">Whether the HTTP settings are read too: a STDIO process must start without an API_KEY.</param>
    /// <exception cref="SettingsException">Something can't be used; all of it is listed.</exception>
    public static ServiceSettings FromProcess(bool servesHttp) => Read(ProcessEnvironment.Read(), servesHttp);

    /// <summary>Reads settings from a table of environment variables.</summary>
    /// <param name="environment">Names and values.</param>
    /// <param name="servesHttp">Whether the HTTP settings are read too.</param>
    /// <exception cref="SettingsException">Something can't be used; all of it is listed.</exception>
    public static ServiceSettings Read(IReadOnlyDictionary<string, string> environment, bool servesHttp)
    {
        var reader = new SettingsReader(environment);
        var execution = ReadExecution(reader, environment);
        var sandbox = SandboxOptions.Read(reader);
        var packages = ReadPackages(reader, environment);
        var tool = new ToolOptions
        {
            MaxCodeBytes = (int)reader.Number("MAX_CODE_BYTES", 1024 * 1024, 1, 16 * 1024 * 1024, "bytes"),
            MaxPackages = (int)reader.Number("MAX_PACKAGES", 50, 0, 1000, "packages"),
            AuditCode = reader.Switch("AUDIT_CODE", false),
            RunTimeout = execution.RunTimeout,
            MaxOutputBytes = execution.MaxOutputBytes,
            MaxPrintedBytes = execution.MaxPrintedBytes,
            Limits = execution.Limits,
            Sandbox = sandbox,
            JobTools = reader.Switch("JOB_TOOLS", false),
        };
        var queue = ReadQueue(reader, execution, packages);
        // With a queue, what a job may hold depends on its worker's host.
        tool = tool with { MostMemoryBytes = queue.RedisUrl is not null && servesHttp && !environment.ContainsKey("MEMORY_LIMIT_MB") ? null : execution.Limits.MemoryBytes };
        var web = servesHttp ? ReadWeb(reader, execution, environment) : new WebOptions();
        reader.ThrowOnFaults();
        return new ServiceSettings { Execution = execution, Sandbox = sandbox, Packages = packages, Tool = tool, Queue = queue, Web = web, Known = reader.Known };
    }

    private static ExecutionOptions ReadExecution(SettingsReader reader, IReadOnlyDictionary<string, string> environment)
    {
        var defaults = new ExecutionOptions();
        var runTimeout = reader.Seconds("EXEC_TIMEOUT_SECONDS", 30, 1, 86_400);
        var (limits, concurrency) = LimitSettings.Read(reader, HostResources.MemoryBytes(environment), runTimeout);
        return new ExecutionOptions
        {
            RunTimeout = runTimeout,
            KillGrace = reader.Seconds("KILL_GRACE_SECONDS", 1, 0, 60),
            MaxOutputBytes = (int)reader.Number("MAX_OUTPUT_BYTES", defaults.MaxOutputBytes, 1024, 16 * 1024 * 1024, "bytes"),
            MaxPrintedBytes = reader.Number("MAX_PRINTED_BYTES", defaults.MaxPrintedBytes, 1024, 1L << 40, "bytes"),
            Limits = limits,
            Concurrency = concurrency,
            QueueLimit = (int)reader.Number("QUEUE_LIMIT", 100, 0, 100_000, "jobs"),
            QueueTimeout = reader.Seconds("QUEUE_TIMEOUT_SECONDS", 60, 1, 3600),
            WorkDirectory = Path.GetFullPath(reader.Text("WORK_DIR", "codeexec-USER in the temporary folder") ?? defaults.WorkDirectory),
            DrainTime = reader.Seconds("DRAIN_SECONDS", 20, 0, 300),
            ForkServer = reader.Switch("FORK_SERVER", true),
            ForkServerBytes = reader.Number(
                "FORK_SERVER_MEMORY_MB", Math.Max(64, HostResources.MemoryBytes(environment) / 4 / 1024 / 1024), 16, 1024 * 1024, "MB", "a quarter of memory") * 1024 * 1024,
            Python = reader.Text("PYTHON", "python3") ?? "python3",
        };
    }

    private static PackageOptions ReadPackages(SettingsReader reader, IReadOnlyDictionary<string, string> environment) => new()
    {
        CacheDirectory = Path.GetFullPath(reader.Text("PACKAGE_CACHE_DIR", "codeexec in the user's cache folder")
            ?? PackageOptions.DefaultCacheDirectory(environment.GetValueOrDefault("HOME"), environment.GetValueOrDefault("XDG_CACHE_HOME"))),
        CacheMaxBytes = reader.Number("PACKAGE_CACHE_MAX_MB", 2048, 1, 1024 * 1024, "MB") * 1024 * 1024,
        InstallTimeout = reader.Seconds("INSTALL_TIMEOUT_SECONDS", 120, 1, 3600),
        AllowSourceDistributions = reader.Switch("ALLOW_SDISTS", false),
        PrewarmRequirements = reader.Text("PREWARM_REQUIREMENTS", "requirements.txt of the project"),
        PipEnvironment = ReadPip(reader),
    };

    // The wheel folder is one more place where pip looks, behind those that are set.
    private static IReadOnlyDictionary<string, string> ReadPip(SettingsReader reader)
    {
        var pip = reader.Prefixed("PIP_");
        var wheels = reader.Text("WHEEL_DIR", "wheels of the project") ?? ProjectFolder.PathOf("wheels");
        if (!Directory.Exists(wheels)) return pip;
        // As an address, since pip splits this setting at blanks.
        var links = new Uri(Path.GetFullPath(wheels)).AbsoluteUri;
        return new Dictionary<string, string>(pip, StringComparer.Ordinal) { ["PIP_FIND_LINKS"] = pip.TryGetValue("PIP_FIND_LINKS", out var set) ? $"{set} {links}" : links };
    }

    private static QueueOptions ReadQueue(SettingsReader reader, ExecutionOptions execution, PackageOptions packages) => new()
    {
        RedisUrl = reader.Text("REDIS_URL"),
        VerifyTls = reader.Switch("REDIS_VERIFY_TLS", false),
        CommandTimeout = reader.Seconds("REDIS_TIMEOUT_SECONDS", 3, 1, 60),
        ResultTtl = reader.Seconds("RESULT_TTL_SECONDS", 300, 10, 86_400),
        QueueLimit = execution.QueueLimit,
        QueueTimeout = execution.QueueTimeout,
        // Both limits, what stopping takes, and a minute for a Redis that was away meanwhile.
        LongestRun = execution.RunTimeout + packages.InstallTimeout + (2 * execution.KillGrace) + TimeSpan.FromMinutes(1),
    };

    private static WebOptions ReadWeb(SettingsReader reader, ExecutionOptions execution, IReadOnlyDictionary<string, string> environment)
    {
        var keys = CallerSettings.ReadKeys(reader);
        var onDyno = environment.ContainsKey("DYNO");
        var host = reader.Text("HOST", "0.0.0.0 with a key or on a dyno, else 127.0.0.1") ?? (keys.Count > 0 || onDyno ? "0.0.0.0" : "127.0.0.1");
        if (host is not "localhost" && !IPAddress.TryParse(host, out _))
            reader.Fault($"HOST is \"{host}\"; it must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0, or localhost.");
        else if (keys.Count == 0 && !IsLoopback(host))
            reader.Fault($"API_KEY is not set and HOST is {host}: anyone who reaches this address could run code here. "
                + "Set a key (heroku config:set API_KEY=$(openssl rand -hex 32)), or listen on 127.0.0.1.");
        var sessions = (int)reader.Number("MAX_SSE_SESSIONS", 1000, 1, 100_000, "sessions");
        return new WebOptions
        {
            Host = host,
            Port = (int)reader.Number("PORT", 8000, 0, 65_535, "(TCP port)"),
            ApiKeys = keys,
            EachKey = CallerSettings.ReadLimits(reader, keys, execution),
            KeyLimits = CallerSettings.ReadKeyLimits(reader, keys),
            StdioModeOnly = reader.Switch("STDIO_MODE_ONLY", false),
            AllowedOrigins = [.. (reader.Text("ALLOWED_ORIGINS") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)],
            MaxRequestBytes = reader.Number("MAX_REQUEST_BYTES", 8 * 1024 * 1024, 1024, 256 * 1024 * 1024, "bytes"),
            MaxSseSessions = sessions,
            MaxConnections = (int)reader.Number("MAX_CONNECTIONS", sessions + 1000, 1, 200_000, "connections", "1000 more than MAX_SSE_SESSIONS"),
            Keepalive = reader.Seconds("KEEPALIVE_SECONDS", 15, 1, 50),
            ResumeTime = reader.Seconds("RESUME_SECONDS", 10, 0, 300),
        };
    }

    /// <summary>Whether an address to listen on can be reached from this machine alone.</summary>
    public static bool IsLoopback(string host) => host is "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
