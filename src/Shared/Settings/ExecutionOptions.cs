namespace CodeExec.Shared.Settings;

/// <summary>How jobs run. Immutable; read once at start.</summary>
public sealed record ExecutionOptions
{
    /// <summary>EXEC_TIMEOUT_SECONDS: longest a job's Python may run. Default 30 s; 1 s to 24 h.</summary>
    public TimeSpan RunTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>KILL_GRACE_SECONDS: time between SIGTERM and SIGKILL when a job is stopped. Default 1 s; 0 to 60 s.</summary>
    public TimeSpan KillGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>MAX_OUTPUT_BYTES: what is kept, and streamed, of each of stdout and stderr. Default 256 KiB; 1 KiB to 16 MiB.</summary>
    public int MaxOutputBytes { get; init; } = 256 * 1024;

    /// <summary>MAX_PRINTED_BYTES: a job that prints more than this on both streams is stopped. Default 1 GiB; 1 KiB to 1 TiB.</summary>
    public long MaxPrintedBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>What all processes of one job may use together.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>WORKER_CONCURRENCY: jobs that run at the same time. Default from memory and cores; 1 to 1000.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>QUEUE_LIMIT: jobs that may wait for a slot; one more is answered "busy". Default 100; 0 to 100,000.</summary>
    public int QueueLimit { get; init; } = 100;

    /// <summary>QUEUE_TIMEOUT_SECONDS: longest a job may wait for a slot. Default 60 s; 1 s to 1 h.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>WORK_DIR: where the jobs' folders are made. Default: a folder <c>codeexec-USER</c> in the system's temporary folder.</summary>
    public string WorkDirectory { get; init; } = Path.Combine(Path.GetTempPath(), $"codeexec-{Environment.UserName}");

    /// <summary>
    /// DRAIN_SECONDS: after SIGTERM running calls get this long to end. Default 20 s; 0 to 300 s. Heroku kills 30 s after SIGTERM.
    /// </summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>FORK_SERVER: fork jobs from a warm interpreter where one is ready, rather than start a fresh one each. Default true.</summary>
    public bool ForkServer { get; init; } = true;

    /// <summary>FORK_SERVER_MEMORY_MB: what all fork servers of a process may hold. Default a quarter of memory; 16 MB to 1 TB.</summary>
    public long ForkServerBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>PYTHON: the interpreter, a name on PATH or a path. Default <c>python3</c>.</summary>
    public string Python { get; init; } = "python3";
}
