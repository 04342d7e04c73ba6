using System.Globalization;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Limits;

/// <summary>
/// The kernel's own limits on each process of a job (setrlimit(2)). They hold at once, where the watchdog looks every few moments, but count
/// one process at a time. Any thread.
/// </summary>
internal static class ProcessLimits
{
    /// <summary>The return code of a process that the kernel ended at the first of its CPU limits (SIGXCPU).</summary>
    public const int OutOfCpuTime = -24;

    // OpenBLAS without enough address space (256 to 384 MB) spins for ever, without an error; threads' stacks and mapped files take their part.
    private const long BareAddressSpace = 1L << 30;

    /// <summary>Those that a fork server can have as well, and that its children inherit.</summary>
    public static IReadOnlyList<ResourceLimit> Inherited(RunLimits limits) =>
    [
        Fixed("FSIZE", limits.FileBytes),
        Fixed("AS", BareAddressSpace + limits.MemoryBytes),
        // The kernel counts all processes and threads of the user, whoever started them, so this can't hold one job to its limit. It keeps
        // what outruns the watchdog from taking the last ones, which the service itself needs.
        Fixed("NPROC", JobsProcesses.Value),
    ];

    /// <summary>Those of a program alone: a fork server lives long and has a descriptor for each child.</summary>
    public static IReadOnlyList<ResourceLimit> Own(RunLimits limits)
    {
        // One second later than the watchdog, which counts all processes together and says more.
        var cpu = (long)Math.Ceiling(limits.CpuTime.TotalSeconds) + 1;
        return [new ResourceLimit("CPU", cpu, cpu + 1), Fixed("NOFILE", limits.OpenFiles)];
    }

    /// <summary>Those that a job which asked for less has for itself.</summary>
    public static IReadOnlyList<ResourceLimit> Lowered(RunLimits limits) => [Fixed("FSIZE", limits.FileBytes), Fixed("AS", BareAddressSpace + limits.MemoryBytes), .. Own(limits)];

    /// <summary>Those of what fetches and unpacks packages: no file of it is larger than all that a set may take.</summary>
    /// <param name="fileBytes">Size of each file.</param>
    /// <param name="memoryBytes">What a job may hold; null where compilers run, which need what they need.</param>
    public static IReadOnlyList<ResourceLimit> OfInstaller(long fileBytes, long? memoryBytes) =>
        memoryBytes is { } bytes ? [Fixed("FSIZE", fileBytes), Fixed("AS", BareAddressSpace + bytes)] : [Fixed("FSIZE", fileBytes)];

    /// <summary>Limits as a fork server reads them: name, soft and hard value of each.</summary>
    public static string Text(IEnumerable<ResourceLimit> limits) =>
        string.Join(' ', limits.Select(limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Resource} {limit.Soft} {limit.Hard}")));

    private static ResourceLimit Fixed(string resource, long value) => new(resource, value, value);

    // Three quarters of ours: of the 256 that a small dyno has, 192.
    private static readonly Lazy<long> JobsProcesses = new(() =>
    {
        const string Name = "Max processes";
        foreach (var line in File.ReadLines("/proc/self/limits"))
            if (line.StartsWith(Name, StringComparison.Ordinal))
                return long.TryParse(line.AsSpan(Name.Length).Trim().ToString().Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? most * 3 / 4 : -1;
        return -1;
    });
}
