using System.Globalization;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// The user that this process runs as, and whether we have it to ourselves, as on a dyno or in a container: only then is what belongs to it
/// ours or a job's. Any thread.
/// </summary>
internal static class OwnUser
{
    /// <summary>Its number (geteuid(2)).</summary>
    public static readonly uint Id = LibC.EffectiveUser();

    /// <summary>
    /// Whether each of its processes that /proc shows is one that we were started by, we, or one below us. Reads a file for each process of
    /// the host.
    /// </summary>
    public static bool IsOursAlone()
    {
        var parents = new Dictionary<int, int>();
        var same = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(process.AsSpan("/proc/".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
            if (Read(process) is not var (parent, isSame)) continue;
            parents[pid] = parent;
            if (isSame) same.Add(pid);
        }
        var above = Chain(Environment.ProcessId, parents).ToHashSet();
        return same.TrueForAll(pid => above.Contains(pid) || Chain(pid, parents).Contains(Environment.ProcessId));
    }

    /// <summary>Whether a process has a user, as its real, effective or saved one.</summary>
    /// <param name="process">Its folder in /proc.</param>
    /// <param name="user">The user's number.</param>
    public static bool Has(string process, uint user)
    {
        try
        {
            return File.ReadLines(process + "/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal)) is { } line && IsOf(line, user);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return false;
        }
    }

    private static bool IsOf(string line, uint user) => line.Split('\t').Skip(1).Any(id => uint.Parse(id, CultureInfo.InvariantCulture) == user);

    // A process and those above it. What was read isn't of one moment, so parents might form a ring.
    private static IEnumerable<int> Chain(int pid, Dictionary<int, int> parents)
    {
        for (var steps = 0; steps <= parents.Count; steps++)
        {
            yield return pid;
            if (!parents.TryGetValue(pid, out pid)) yield break;
        }
    }

    // From the status file (proc_pid_status(5)): a process that can't be traced shows root as the owner of its folder.
    private static (int Parent, bool IsSame)? Read(string process)
    {
        try
        {
            int? parent = null;
            foreach (var line in File.ReadLines(process + "/status"))
            {
                if (line.StartsWith("PPid:", StringComparison.Ordinal)) parent = int.Parse(line.AsSpan("PPid:".Length), CultureInfo.InvariantCulture);
                else if (line.StartsWith("Uid:", StringComparison.Ordinal) && parent is { } above) return (above, IsOf(line, Id));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
        }
        return null;
    }
}
