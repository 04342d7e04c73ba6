namespace CodeExec.Shared.Jobs;

/// <summary>
/// What a call asks to be held to below what the settings allow; what is null stays as they say. The members' names and units are those
/// of the call's <c>_meta</c>, and travel with the job. Immutable.
/// </summary>
public sealed record JobLimits
{
    /// <summary>Longest run, in seconds.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>Processor time of all processes, in seconds.</summary>
    public int? CpuSeconds { get; init; }

    /// <summary>Memory of all processes.</summary>
    public int? MemoryMb { get; init; }

    /// <summary>Processes and threads.</summary>
    public int? Processes { get; init; }

    /// <summary>Size of each file.</summary>
    public int? FileMb { get; init; }

    /// <summary>Disk space of the folder.</summary>
    public int? DiskMb { get; init; }

    /// <summary>Open files of each process.</summary>
    public int? OpenFiles { get; init; }

    /// <summary>What may be printed on both streams, in bytes.</summary>
    public long? PrintedBytes { get; init; }
}
