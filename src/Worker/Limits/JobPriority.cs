using System.Text;
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

    private static readonly byte[] NicenessText = Encoding.ASCII.GetBytes($"{Niceness}");

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
            if (!_sessions.Contains(process.Session) && TryStepBack(process.Pid)) _sessions.Add(process.Session);
    }

    // False when the process has ended, or it is too soon after another (without root, ten a second at most): the next look tries again. Or when
    // the kernel has no such groups. By hand, since an exception for each of many processes would cost more than the look.
    private static unsafe bool TryStepBack(int pid)
    {
        fixed (byte* path = Encoding.ASCII.GetBytes($"/proc/{pid}/autogroup\0"))
        fixed (byte* text = NicenessText)
        {
            var file = LibC.Open(path, LibC.OpenWriteOnly | LibC.OpenCloseOnExec);
            if (file < 0) return false;
            var written = LibC.Write(file, text, (nuint)NicenessText.Length);
            _ = LibC.Close(file);
            return written == NicenessText.Length;
        }
    }
}
