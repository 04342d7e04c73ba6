namespace CodeExec.Shared.Settings;

/// <summary>What all processes of one job may use together, unless said otherwise. Immutable; read once at start.</summary>
public sealed record LimitOptions
{
    /// <summary>The least memory that a job can be held to: an interpreter with the usual imports takes about 20 MB.</summary>
    public const long LeastMemoryBytes = 32L * 1024 * 1024;

    /// <summary>The fewest open files that a process can be held to: an interpreter that imports opens a dozen at a time.</summary>
    public const int LeastOpenFiles = 64;

    /// <summary>CPU_LIMIT_SECONDS: processor time. Default twice EXEC_TIMEOUT_SECONDS; 1 s to 48 h.</summary>
    public TimeSpan CpuTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>MEMORY_LIMIT_MB: resident memory, shared pages counted once. Default from memory and WORKER_CONCURRENCY; 32 MB to 1 TB.</summary>
    public long MemoryBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>PROCESS_LIMIT: processes and threads. Default 64; 1 to 10,000.</summary>
    public int Processes { get; init; } = 64;

    /// <summary>FILE_SIZE_LIMIT_MB: size of each file. Default 256 MB; 1 MB to 1 TB.</summary>
    public long FileBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>DISK_LIMIT_MB: disk space of the job's folder, each entry at 4 KiB at least. Default 512 MB; 1 MB to 1 TB.</summary>
    public long DiskBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>OPEN_FILES_LIMIT: open files of each process. Default 1024; 64 to 65,536.</summary>
    public int OpenFiles { get; init; } = 1024;

    /// <summary>LIMIT_CHECK_MS: how often jobs are looked at that run longer than that. Default 50 ms; 10 ms to 10 s.</summary>
    public TimeSpan CheckEvery { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>HOST_MEMORY_PERCENT: above this share of the host's memory the job that holds most is ended. Default 92; 50 to 99.</summary>
    public int HostMemoryPercent { get; init; } = 92;

    /// <summary>The host's memory that the share is of, in bytes. Default: never reached.</summary>
    public long HostMemoryBytes { get; init; } = long.MaxValue;
}
