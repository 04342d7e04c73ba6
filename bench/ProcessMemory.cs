using System.Globalization;

namespace CodeExec.Bench;

/// <summary>What processes hold in memory, as the kernel tells (proc(5)).</summary>
internal static class ProcessMemory
{
    /// <summary>Resident memory, in MB.</summary>
    public static double Resident(int pid) => Field($"/proc/{pid}/status", "VmRSS:");

    /// <summary>Resident memory with shared pages divided among those who share them, in MB.</summary>
    public static double Proportional(int pid) => Field($"/proc/{pid}/smaps_rollup", "Pss:");

    /// <summary>The direct children of a process.</summary>
    public static IReadOnlyList<int> Children(int pid) =>
        [.. Directory.EnumerateDirectories($"/proc/{pid}/task").SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(child => int.Parse(child, CultureInfo.InvariantCulture))];

    private static double Field(string file, string name)
    {
        var line = File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
