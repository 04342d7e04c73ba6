namespace CodeExec.Shared.Jobs;

/// <summary>What a job came to. The code's failure is data here, never an exception.</summary>
public sealed record ExecutionResult
{
    /// <summary>
    /// Python's exit code (0 to 255); −N after death by signal N; <see cref="TimeoutReturnCode"/> after a time-out;
    /// pip's code when installing failed.
    /// </summary>
    public required int ReturnCode { get; init; }

    /// <summary>What was printed, head and tail when it was too much, not trimmed.</summary>
    public required string Stdout { get; init; }

    /// <summary>What was printed on stderr; after a failed install, the useful lines of pip's message.</summary>
    public required string Stderr { get; init; }

    /// <summary>How the job ended.</summary>
    public required ExecutionStatus Status { get; init; }

    /// <summary>Wall-clock time of the Python process; zero when it never started.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Time spent on getting the packages ready; it does not count against the code's time.</summary>
    public TimeSpan InstallTime { get; init; }

    /// <summary>Time spent waiting for a free slot.</summary>
    public TimeSpan QueueTime { get; init; }

    /// <summary>Where the packages came from.</summary>
    public PackagesCache PackagesCache { get; init; }

    /// <summary>Set when part of the output was left out.</summary>
    public OutputTruncation? Truncated { get; init; }

    /// <summary>What would help, in a sentence or two that a model can act on; null when nothing is known to.</summary>
    public string? Hint { get; init; }

    /// <summary>The result of a job that was stopped before its code started.</summary>
    public static ExecutionResult StoppedBeforeStart { get; } = new() { ReturnCode = KilledReturnCode, Stdout = "", Stderr = "", Status = ExecutionStatus.Cancelled };

    /// <summary>The return code of a job that ran out of time, as in the reference app.</summary>
    public const int TimeoutReturnCode = -2;

    /// <summary>The return code of a job that was stopped by its caller or by a limit: that of SIGKILL.</summary>
    public const int KilledReturnCode = -9;
}

/// <summary>Where a job's packages came from.</summary>
public enum PackagesCache
{
    /// <summary>None were asked for.</summary>
    None,

    /// <summary>All were there already: in the interpreter, or in an environment built before.</summary>
    Hit,

    /// <summary>pip had to run.</summary>
    Miss,
}

/// <summary>How much was printed when not all of it is in the result.</summary>
/// <param name="StdoutBytes">All that was printed on stdout, in bytes.</param>
/// <param name="StdoutOmittedBytes">How many of them were left out, in the middle.</param>
/// <param name="StderrBytes">The same for stderr.</param>
/// <param name="StderrOmittedBytes">The same for stderr.</param>
public sealed record OutputTruncation(long StdoutBytes, long StdoutOmittedBytes, long StderrBytes, long StderrOmittedBytes);
