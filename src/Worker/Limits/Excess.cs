using System.Globalization;
using CodeExec.Shared.Jobs;

namespace CodeExec.Worker.Limits;

/// <summary>A limit that a job has passed. Immutable.</summary>
/// <param name="Status">How the job ends for it.</param>
/// <param name="Text">Which limit, what was seen beside it and what to do next, for whoever called.</param>
internal sealed record Excess(ExecutionStatus Status, string Text)
{
    /// <summary>Processor time.</summary>
    public static Excess Cpu(TimeSpan used, TimeSpan limit) => new(
        ExecutionStatus.CpuLimit,
        Worded($"The code was stopped when its processes together had used {used.TotalSeconds:0.0} s of processor time; the limit is {limit.TotalSeconds:0} s. Do less in one call, or split the work over several calls."));

    /// <summary>Memory.</summary>
    public static Excess Memory(long used, long limit) => new(
        ExecutionStatus.MemoryLimit,
        Worded($"The code was stopped when it held {Megabytes(used)} MB of memory, all of its processes and its files in memory together; the limit is {Megabytes(limit)} MB. Use less at a time: smaller data, or work in pieces."));

    /// <summary>The memory of the host, of which this job held most.</summary>
    public static Excess HostMemory(long used, long hostUsed, long hostLimit) => new(
        ExecutionStatus.MemoryLimit,
        Worded($"The code was stopped because the server's memory ran out ({Megabytes(hostUsed)} of {Megabytes(hostLimit)} MB in use), and of the calls that ran it held most, {Megabytes(used)} MB. Use less memory, or call again when the server has less to do."));

    /// <summary>Processes and threads.</summary>
    public static Excess Processes(int count, int limit) => new(
        ExecutionStatus.ProcessLimit,
        Worded($"The code was stopped when it had {count} processes and threads; the limit is {limit}. Start fewer at a time, and wait for those that have ended."));

    /// <summary>Disk space.</summary>
    public static Excess Disk(long used, long limit) => new(
        ExecutionStatus.DiskLimit,
        Worded($"The code was stopped when its files took {Megabytes(used)} MB of disk space, each file and folder counted at 4 KiB at least; the limit is {Megabytes(limit)} MB. Write less, and delete what is no longer needed."));

    /// <summary>Folders too deep to be looked at.</summary>
    public static Excess Depth() => new(
        ExecutionStatus.DiskLimit, "The code was stopped because it nested folders so deep that their path is longer than 3800 bytes, the limit. Nest them less.");

    private static string Worded(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // Rounded up, so that what is above a limit never looks equal to it.
    private static long Megabytes(long bytes) => (bytes + (1024 * 1024) - 1) / 1024 / 1024;
}
