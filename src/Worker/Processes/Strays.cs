using System.Globalization;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Processes;

/// <summary>
/// Processes that jobs left behind. A job's first process keeps its orphans (python/confine.py makes it a subreaper, prctl(2)); when it has
/// ended they fall to its fork server, or to this process. So a child that we have not started belongs to a job that is over. Any thread.
/// </summary>
internal static class Strays
{
    // Killing what is left takes milliseconds; a process that forks without end may escape for a while.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);

    // The jobs of a fork server that was killed fall to us as well, and go on: by then it is known which they are.
    private static readonly TimeSpan KnowingTime = TimeSpan.FromMilliseconds(20);

    private static readonly Lock Lock = new();
    private static readonly HashSet<int> Known = [];
    private static readonly string OurSession = SessionOf(Environment.ProcessId)?.Session ?? "";

    /// <summary>Makes this process the one that orphans of jobs fall to. From then on <see cref="End"/> must be called after them.</summary>
    public static void Adopt() => _ = Kernel.ProcessControl(Kernel.SetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Starts a process of ours: nobody takes it for a stray meanwhile.</summary>
    public static int Start(Func<int> spawn)
    {
        lock (Lock)
        {
            var pid = spawn();
            Known.Add(pid);
            return pid;
        }
    }

    /// <summary>Notes the process of a job that another process has started.</summary>
    public static void Know(int pid)
    {
        lock (Lock) Known.Add(pid);
    }

    /// <summary>It has ended: what has its number from now on is another.</summary>
    public static void Forget(int pid)
    {
        lock (Lock) Known.Remove(pid);
    }

    /// <summary>Ends all of them, with what they leave in turn. Takes up to 2 s; without any, some file reads.</summary>
    /// <returns>Whether they are gone.</returns>
    public static bool End()
    {
        var started = Environment.TickCount64;
        var seen = new HashSet<int>();
        while (Environment.TickCount64 - started < EndLimit.TotalMilliseconds)
        {
            var found = new HashSet<int>();
            lock (Lock)
            {
                foreach (var (pid, hasEnded) in OwnChildren())
                {
                    if (Known.Contains(pid)) continue;
                    found.Add(pid);
                    if (seen.Contains(pid)) _ = LibC.Kill(pid, LibC.SignalKill);
                    if (hasEnded) Reap(pid);
                }
            }
            if (found.Count == 0) return true;
            Thread.Sleep(found.IsSubsetOf(seen) ? TimeSpan.FromMilliseconds(1) : KnowingTime);
            seen = found;
        }
        return false;
    }

    private static IEnumerable<(int Pid, bool HasEnded)> OwnChildren()
    {
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
            foreach (var word in Read(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                // What .NET has started for us is in our own session; a job's processes never are, since its first has left it.
                if (int.TryParse(word, CultureInfo.InvariantCulture, out var pid) && SessionOf(pid) is { } child && child.Session != OurSession) yield return (pid, child.HasEnded);
    }

    // Fields 3 and 6 of proc_pid_stat(5).
    private static (string Session, bool HasEnded)? SessionOf(int pid) =>
        Read($"/proc/{pid}/stat") is { Length: > 0 } stat && stat[(stat.LastIndexOf(')') + 2)..].Split(' ') is { Length: > 3 } fields ? (fields[3], fields[0] is "Z" or "X") : null;

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or this kernel has no such list: then orphans are init's, as without us.
            return "";
        }
    }

    private static unsafe void Reap(int pid)
    {
        var info = stackalloc byte[LibC.SignalInfoSize];
        _ = LibC.WaitId(LibC.WaitForPid, pid, info, LibC.WaitExited | LibC.WaitNoHang);
    }
}
