using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;

namespace CodeExec.Worker.Limits;

/// <summary>What holds for one job: the settings, or less where the call asked for it. Immutable; any thread.</summary>
/// <param name="RunTime">Longest run.</param>
/// <param name="PrintedBytes">What it may print on both streams.</param>
/// <param name="CpuTime">Processor time of all its processes.</param>
/// <param name="MemoryBytes">Memory of all its processes, shared pages counted once.</param>
/// <param name="Processes">Processes and threads.</param>
/// <param name="FileBytes">Size of each file.</param>
/// <param name="DiskBytes">Disk space of its folder.</param>
/// <param name="OpenFiles">Open files of each process.</param>
internal sealed record RunLimits(TimeSpan RunTime, long PrintedBytes, TimeSpan CpuTime, long MemoryBytes, int Processes, long FileBytes, long DiskBytes, int OpenFiles)
{
    /// <summary>The limits of a job. The lower of both holds: settings may differ between who took the call and who runs it.</summary>
    public static RunLimits For(ExecutionOptions options, JobLimits? wanted) => new(
        Least(options.RunTimeout, wanted?.TimeoutSeconds),
        Math.Min(options.MaxPrintedBytes, wanted?.PrintedBytes ?? long.MaxValue),
        Least(options.Limits.CpuTime, wanted?.CpuSeconds),
        Least(options.Limits.MemoryBytes, wanted?.MemoryMb),
        Math.Min(options.Limits.Processes, wanted?.Processes ?? int.MaxValue),
        Least(options.Limits.FileBytes, wanted?.FileMb),
        Least(options.Limits.DiskBytes, wanted?.DiskMb),
        Math.Min(options.Limits.OpenFiles, wanted?.OpenFiles ?? int.MaxValue));

    private static TimeSpan Least(TimeSpan set, int? seconds) => seconds is { } wanted && wanted < set.TotalSeconds ? TimeSpan.FromSeconds(wanted) : set;

    private static long Least(long set, int? megabytes) => Math.Min(set, (megabytes ?? long.MaxValue / 1024 / 1024) * 1024 * 1024);
}
