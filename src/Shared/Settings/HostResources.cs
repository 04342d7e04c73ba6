using System.Globalization;

namespace CodeExec.Shared.Settings;

/// <summary>What the host gives this process: memory and cores, whatever layer sets the limit.</summary>
public static class HostResources
{
    private const long Megabyte = 1024 * 1024;

    // Heroku's dynos speak of their limit in cgroup v1's file; other container hosts use v2's.
    private static readonly string[] CgroupLimits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>The smallest of DYNO_RAM (in MB), the cgroup's limit and the machine's memory, in bytes.</summary>
    public static long MemoryBytes(IReadOnlyDictionary<string, string> environment)
    {
        // In a container the runtime counts three quarters of the limit as its own:
        // https://learn.microsoft.com/dotnet/core/runtime-config/garbage-collector#heap-limit
        var memory = Math.Min(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * 4 / 3, MachineBytes());
        if (environment.TryGetValue("DYNO_RAM", out var ram) && long.TryParse(ram, NumberStyles.None, CultureInfo.InvariantCulture, out var megabytes) && megabytes > 0)
            memory = Math.Min(memory, megabytes * 1024 * 1024);
        foreach (var file in CgroupLimits)
            if (File.Exists(file) && long.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0)
                memory = Math.Min(memory, limit);
        return memory;
    }

    /// <summary>What is left for jobs beside the 192 MB that the service itself is given, in bytes.</summary>
    public static long JobsMemoryBytes(long memoryBytes) => Math.Max(memoryBytes - (192 * Megabyte), 0);

    /// <summary>
    /// How many jobs may run at once: eight per core, since most wait for something, but no more than memory holds. At least 2, at most 64.
    /// </summary>
    /// <param name="memoryBytes">The host's memory.</param>
    /// <param name="cores">Its cores.</param>
    /// <param name="jobBytes">What one job may hold; 128 MB unless that is set: with less, the larger packages can't even be imported.</param>
    public static int DefaultConcurrency(long memoryBytes, int cores, long jobBytes = 128 * Megabyte) =>
        (int)Math.Clamp(Math.Min(JobsMemoryBytes(memoryBytes) / jobBytes, cores * 8L), 2, 64);

    /// <summary>What one job may hold so that all together fit into the host, in bytes; where they can't, the least that a job needs.</summary>
    public static long DefaultJobMemory(long memoryBytes, int concurrency) =>
        Math.Max(JobsMemoryBytes(memoryBytes) / concurrency, LimitOptions.LeastMemoryBytes);

    private static long MachineBytes()
    {
        const string Total = "MemTotal:";
        var line = File.Exists("/proc/meminfo") ? File.ReadLines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(Total, StringComparison.Ordinal)) : null;
        return line is not null && long.TryParse(line[Total.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kilobytes)
            ? kilobytes * 1024
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }
}
