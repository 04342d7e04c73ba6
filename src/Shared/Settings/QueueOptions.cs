namespace CodeExec.Shared.Settings;

/// <summary>How web and worker processes reach each other. Immutable; read once at start.</summary>
public sealed record QueueOptions
{
    /// <summary>REDIS_URL: <c>redis://</c> or <c>rediss://</c>; null runs everything in one process. Holds a password.</summary>
    public string? RedisUrl { get; init; }

    /// <summary>
    /// REDIS_VERIFY_TLS: demand a certificate that a known authority signed. Default false: Heroku's is signed by itself.
    /// </summary>
    public bool VerifyTls { get; init; }

    /// <summary>REDIS_TIMEOUT_SECONDS: longest that one command may take before its caller is told. Default 3 s; 1 to 60 s.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>RESULT_TTL_SECONDS: how long a finished job's result is kept for a late listener. Default 300 s; 10 s to 1 day.</summary>
    public TimeSpan ResultTtl { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a worker may be silent before its jobs are looked at. Renewed every <see cref="RenewEvery"/>.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How often a worker renews its leases and a web process its presence.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// How long after a lease or a sign of life ran out it is looked at again before anything is decided: when Redis itself stood still, all
    /// of them have run out, and every process renews its own within <see cref="RenewEvery"/>.
    /// </summary>
    public TimeSpan SecondLook => RenewEvery * 1.4;

    /// <summary>
    /// How late a worker may begin a job that it was given without asking first whether the job is still its own: it may have been frozen.
    /// Its lease lasts eight times as long.
    /// </summary>
    public TimeSpan StartTime => Lease / 8;

    /// <summary>
    /// How long the result is kept of a job that was closed while a worker may still have it: not gone before that one could come back, or it
    /// would take the job for one that a flush removed.
    /// </summary>
    public TimeSpan ClosedTtl => ResultTtl > LongestRun ? ResultTtl : LongestRun;

    /// <summary>Longest that a job may be in the queue and in workers' hands.</summary>
    public TimeSpan LongestLife => QueueTimeout + LongestRun;

    /// <summary>The bound on waiting jobs: <see cref="ExecutionOptions.QueueLimit"/>.</summary>
    public int QueueLimit { get; init; } = 100;

    /// <summary>Longest a job may wait: <see cref="ExecutionOptions.QueueTimeout"/>.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest a job may take once it was taken: both limits and what stopping may take. Keys of a job live no longer.</summary>
    public TimeSpan LongestRun { get; init; } = TimeSpan.FromMinutes(5);
}
