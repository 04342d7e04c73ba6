using System.Runtime.InteropServices;
using System.Text;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// Lets a job that is not over at once step back: it leaves the cores to calls that are shorter, and to the service. Else a few hogs make every
/// call wait for its share of them. Any thread.
/// </summary>
/// <remarks>
/// By its niceness, which what the group starts from now on inherits. And by that of its sessions: where the kernel groups processes by
/// session (sched(7), "The autogroup feature"), each session gets an equal share whatever the niceness of its processes.
/// </remarks>
internal sealed class JobPriority
{
    /// <summary>
    /// How long a job keeps its share. Most are over by then; beside three attacks of 100 ms each, p95 of other calls is 2.2
    /// to 2.8 times that of calls alone, and 3.7 times when jobs keep theirs for 50 ms. Without any, calls would wait for their own turn: p99 10 times.
    /// </summary>
    public static readonly TimeSpan StepsBackAfter = TimeSpan.FromMilliseconds(5);

    // About a tenth of the share that a process, or a session, without it gets, where both want a core.
    private const int Niceness = 10;

    private static readonly byte[] NicenessText = Encoding.ASCII.GetBytes($"{Niceness}");

    private readonly Lock _lock = new();
    private readonly HashSet<int> _sessions = [];

    /// <summary>Whether the job's group has stepped back.</summary>
    public bool HasSteppedBack { get; private set; }

    /// <summary>Steps back with the job's group and its first session.</summary>
    /// <param name="leader">The job's first process; nothing happens while that isn't known.</param>
    public void StepBack(int leader)
    {
        if (leader <= 1) return;
        lock (_lock)
        {
            if (HasSteppedBack) return;
            // It may have ended meanwhile, or not have made its group yet.
            if (LibC.SetPriority(LibC.PriorityOfGroup, leader, Niceness) != 0 && Marshal.GetLastPInvokeError() == LibC.NoSuchProcess) return;
            HasSteppedBack = true;
            // A job's first process leads its session, too.
            if (TryStepBack(leader)) _sessions.Add(leader);
        }
    }

    /// <summary>The sessions follow that were not there before.</summary>
    /// <param name="processes">All that a look found.</param>
    public void Follow(IReadOnlyList<ProcessEntry> processes)
    {
        lock (_lock)
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
