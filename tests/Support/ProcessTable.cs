using System.Globalization;
using System.Text;
using CodeExec.Worker.Processes;

namespace CodeExec.Tests.Support;

/// <summary>What /proc says about the processes of this machine.</summary>
internal static class ProcessTable
{
    /// <summary>Whether there is such a process; one that has ended and was not reaped counts.</summary>
    public static bool Exists(int pid) => Directory.Exists($"/proc/{pid}");

    /// <summary>Whether a process has ended, reaped or not: an orphan's end is noted by a parent that is none of ours.</summary>
    public static bool HasEnded(int pid) => State(pid) is 'Z' or 'X';

    /// <summary>Whether SIGSTOP has come into effect.</summary>
    public static bool IsStopped(int pid) => State(pid) is 'T';

    /// <summary>The living processes that work in a folder or were started with one in their environment.</summary>
    public static IReadOnlyList<int> Within(string folder) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && pid != Environment.ProcessId && Names(pid, folder) && !HasEnded(pid)),
    ];

    /// <summary>Whether it is a fork server, or a child of one that waits for a job: they work in the server's folder.</summary>
    public static bool IsForkServer(int pid) => WorkingDirectory(pid)?.Contains("/server-", StringComparison.Ordinal) == true;

    /// <summary>Whether it is none of those. One on its way out works nowhere, and is neither.</summary>
    public static bool IsOfJob(int pid) => WorkingDirectory(pid)?.Contains("/server-", StringComparison.Ordinal) == false;

    /// <summary>Whether it holds an epoll descriptor, as a fork server does from the moment that it can be asked, and its children never do.</summary>
    public static bool WaitsForEvents(int pid)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(descriptor => new FileInfo(descriptor).LinkTarget == "anon_inode:[eventpoll]");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The process that reaps it; 0 when it is gone.</summary>
    public static int Parent(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 4)..].Split(' ')[0], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Ends one process that a test's code started.</summary>
    public static void Kill(int pid) => _ = LibC.Kill(pid, LibC.SignalKill);

    /// <summary>Asks one process that a test started to end.</summary>
    public static void Terminate(int pid) => _ = LibC.Kill(pid, LibC.SignalTerminate);

    // Field 3 of proc_pid_stat(5).
    private static char State(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return 'X';
        }
    }

    private static bool Names(int pid, string folder)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ", Encoding.Latin1).Contains(folder, StringComparison.Ordinal)
                || WorkingDirectory(pid)?.StartsWith(folder, StringComparison.Ordinal) == true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Gone meanwhile, or another user's.
            return false;
        }
    }

    private static string? WorkingDirectory(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
