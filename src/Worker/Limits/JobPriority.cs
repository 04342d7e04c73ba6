using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// Lets a job that runs for longer than a look's distance step back: it leaves the cores to calls that are shorter, and to the service. Else
/// a few hogs make every call wait for its share of them. One thread at a time.
/// </summary>
/// <remarks>
/// By its niceness, which what the group starts from now on inherits. And by that of its sessions: where the kernel groups processes by
/// session (sched(7), "The autogroup feature"), each session gets an equal share whatever the niceness of its processes.
/// </remarks>
internal sealed class JobPriority
{
    // About a tenth of the share that a process, or a session, without it gets, where both want a core.
    private const int Niceness = 10;

    private readonly HashSet<int> _sessions = [];
    private bool _hasSteppedBack;

    /// <summary>Steps back; a session that was not there at the last look follows.</summary>
    /// <param name="leader">The job's first process; nothing happens while that isn't known.</param>
    /// <param name="processes">All that the look found.</param>
    public void StepBack(int leader, IReadOnlyList<ProcessEntry> processes)
    {
        if (leader <= 1) return;
        // It may have ended meanwhile.
        if (!_hasSteppedBack) _ = LibC.SetPriority(LibC.PriorityOfGroup, leader, Niceness);
        _hasSteppedBack = true;
        foreach (var process in processes)
        {
            if (_sessions.Contains(process.Session)) continue;
            if (!TryStepBack(process.Pid)) return;
            _sessions.Add(process.Session);
        }
    }

    // The kernel has no such groups, or the process has ended, or it is too soon after another: without root, ten times a second at most. The
    // next look tries again.
    private static bool TryStepBack(int pid)
    {
        try
        {
            File.WriteAllText($"/proc/{pid}/autogroup", $"{Niceness}");
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
