using System.Globalization;
using CodeExec.Shared.Settings;

namespace CodeExec.Worker.Limits;

/// <summary>
/// How much of the host's memory is in use: the container's, where its cgroup says so; the machine's, where nothing else limits it; else, as
/// on a dyno that states its size in DYNO_RAM alone, what this process and all below it hold. The watchdog's thread.
/// </summary>
internal sealed class HostMemory(LimitOptions options)
{
    private const string MachineFile = "/proc/meminfo";

    // The file with the limit, the one with the use, and what of that the kernel can take back at once.
    private static readonly (string Limit, string Used, string Detail, string[] Reclaimable)[] Cgroups =
    [
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", ["inactive_file ", "active_file "]),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory/memory.stat", ["total_inactive_file ", "total_active_file "]),
    ];

    private static readonly HashSet<int> Self = [Environment.ProcessId];

    private readonly ProcessSnapshot _ownProcesses = new();
    private readonly long _bound = options.HostMemoryBytes / 100 * options.HostMemoryPercent;
    private Func<long>? _measure;

    /// <summary>What is in use, in bytes, when that is more than the allowed share; null when it isn't.</summary>
    public long? Excess() => (_measure ??= Choose(options.HostMemoryBytes))() is var used && used > _bound ? used : null;

    private Func<long> Choose(long hostBytes)
    {
        foreach (var cgroup in Cgroups)
            if (File.Exists(cgroup.Used) && Number(File.ReadAllText(cgroup.Limit)) == hostBytes)
                return () => Number(File.ReadAllText(cgroup.Used)) - cgroup.Reclaimable.Sum(name => Field(cgroup.Detail, name));
        return Field(MachineFile, "MemTotal:") * 1024 <= hostBytes
            ? () => (Field(MachineFile, "MemTotal:") - Field(MachineFile, "MemAvailable:")) * 1024
            : OwnTree;
    }

    // In full first, then with shared pages divided: the children of a fork server share most of theirs.
    private long OwnTree()
    {
        var processes = new List<ProcessEntry>();
        _ownProcesses.Take(Self, (_, process) => processes.Add(process));
        var resident = processes.Sum(process => process.ResidentBytes);
        return resident <= _bound
            ? resident
            : processes.Sum(process => SharedOutMemory.Of(process.Pid) is { } memory ? memory.PrivateBytes + memory.SharedMemoryBytes : process.ResidentBytes);
    }

    private static long Number(string text) => long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue;

    private static long Field(string file, string name)
    {
        foreach (var line in File.ReadLines(file))
            if (line.StartsWith(name, StringComparison.Ordinal)) return long.Parse(line.AsSpan(name.Length).Trim().TrimEnd(" kB"), CultureInfo.InvariantCulture);
        return 0;
    }
}
