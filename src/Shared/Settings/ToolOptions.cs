namespace CodeExec.Shared.Settings;

/// <summary>What the tool accepts, and what it tells a model about the service. Immutable; read once at start.</summary>
public sealed record ToolOptions
{
    /// <summary>MAX_CODE_BYTES: longest accepted code, in bytes of UTF-8. Default 1 MiB; 1 byte to 16 MiB.</summary>
    public int MaxCodeBytes { get; init; } = 1024 * 1024;

    /// <summary>MAX_PACKAGES: most packages one call may ask for. Default 50; 0 to 1000.</summary>
    public int MaxPackages { get; init; } = 50;

    /// <summary>AUDIT_CODE: write each call's code, its first 10,000 characters, into its line in the log. Default false.</summary>
    public bool AuditCode { get; init; }

    /// <summary>The time limit that the tool's description states: <see cref="ExecutionOptions.RunTimeout"/>.</summary>
    public TimeSpan RunTimeout { get; init; } = new ExecutionOptions().RunTimeout;

    /// <summary>The limit on each output stream that the description states: <see cref="ExecutionOptions.MaxOutputBytes"/>.</summary>
    public int MaxOutputBytes { get; init; } = new ExecutionOptions().MaxOutputBytes;

    /// <summary>The most that a call may print, and may ask for: <see cref="ExecutionOptions.MaxPrintedBytes"/>.</summary>
    public long MaxPrintedBytes { get; init; } = new ExecutionOptions().MaxPrintedBytes;

    /// <summary>What the description says of the network: <see cref="SandboxOptions.Network"/> and its ports.</summary>
    public SandboxOptions Sandbox { get; init; } = new();

    /// <summary>What a call may ask to be held to at most: <see cref="ExecutionOptions.Limits"/>.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>
    /// The most memory that a call may ask for, in bytes; null where that isn't known: workers on other hosts than this have their own.
    /// </summary>
    public long? MostMemoryBytes { get; init; } = new LimitOptions().MemoryBytes;

    /// <summary>JOB_TOOLS: let code run in the background, and offer the tools to come back for it. Default false.</summary>
    public bool JobTools { get; init; }
}
