namespace CodeExec.Shared.Jobs;

/// <summary>How a job ended. The tool's answer spells these in snake case (<see cref="ExecutionStatusNames"/>).</summary>
public enum ExecutionStatus
{
    /// <summary>Python ended with code 0.</summary>
    Ok,

    /// <summary>Python ended with another code, or by a signal.</summary>
    Error,

    /// <summary>The time limit passed and the job was stopped.</summary>
    Timeout,

    /// <summary>The memory limit passed and the job was stopped.</summary>
    MemoryLimit,

    /// <summary>The job printed more than it may and was stopped.</summary>
    OutputLimit,

    /// <summary>The job used more processor time than it may and was stopped.</summary>
    CpuLimit,

    /// <summary>The job had more processes and threads than it may and was stopped.</summary>
    ProcessLimit,

    /// <summary>The job's files took more disk space than they may and it was stopped.</summary>
    DiskLimit,

    /// <summary>The caller, or our shutdown, stopped the job.</summary>
    Cancelled,

    /// <summary>The packages could not be installed; the code never ran.</summary>
    InstallFailed,

    /// <summary>The worker that ran the job is gone; how far the code came is unknown.</summary>
    WorkerLost,
}

/// <summary>The spelling of <see cref="ExecutionStatus"/> in the tool's answer.</summary>
public static class ExecutionStatusNames
{
    /// <summary>Every name, in the order of the enumeration; the output schema lists them.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["ok", "error", "timeout", "memory_limit", "output_limit", "cpu_limit", "process_limit", "disk_limit", "cancelled", "install_failed", "worker_lost"];

    /// <summary>The name of one status.</summary>
    public static string Name(this ExecutionStatus status) => All[(int)status];
}
