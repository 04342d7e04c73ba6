using System.ComponentModel;
using System.Runtime.InteropServices;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Processes;

/// <summary>
/// A process that we started ourselves. Any thread; disposing kills what is left and closes the pipes.
/// </summary>
public sealed class ChildProcess : IChild
{
    // The wait is a blocking system call with a few frames below it.
    private const int WaitStackBytes = 128 * 1024;

    // EAGAIN.
    private const int NoneLeft = 11;

    private readonly TaskCompletionSource<ChildExit> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ChildExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly bool _orphansGoOn;
    private bool _reaped;

    private ChildProcess(int pid, Stream stdout, Stream? stderr, bool orphansGoOn)
    {
        Pid = pid;
        _orphansGoOn = orphansGoOn;
        Stdout = stdout;
        Stderr = stderr;
        try
        {
            new Thread(WaitForExit, WaitStackBytes) { IsBackground = true, Name = $"wait {pid}" }.Start();
        }
        catch (OutOfMemoryException)
        {
            // Whoever looks for strays next reaps it.
            _ = LibC.KillGroup(pid, LibC.SignalKill);
            Strays.Forget(pid);
            throw new Win32Exception(NoneLeft, "No thread could be started to wait for a process; most often the limit on processes and threads (ulimit -u) is reached.");
        }
    }

    /// <summary>The process, its session and its group.</summary>
    public int Pid { get; }

    /// <inheritdoc/>
    public Stream Stdout { get; }

    /// <inheritdoc/>
    public Stream? Stderr { get; }

    /// <inheritdoc/>
    public Task<ChildExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public Task<ChildExit> ProgramEndAsync(Task outputEnded) => _ended.Task;

    /// <summary>Starts a process.</summary>
    /// <param name="command">What to start.</param>
    /// <param name="descriptors">Ours that it gets as well, as numbers 3, 4, …; they stay open here.</param>
    /// <exception cref="Win32Exception">It could not be started; nothing is left behind.</exception>
    public static ChildProcess Start(ChildCommand command, params ReadOnlySpan<int> descriptors)
    {
        var stdout = Pipe.Open();
        Pipe? stderr = null;
        var domains = new List<LandlockRuleset>();
        try
        {
            if (!command.MergeStderr) stderr = Pipe.Open();
            if (command.Confinement is { } confinement)
            {
                foreach (var reach in confinement.Reaches) domains.Add(LandlockRuleset.Create(reach, confinement.Scoped));
                confinement.User.Give(stdout.WriteEnd);
                if (stderr is not null) confinement.User.Give(stderr.WriteEnd);
                command = confinement.Apply(command, [.. Enumerable.Range(3 + descriptors.Length, domains.Count)]);
            }
            int[] handed = [stdout.WriteEnd, (stderr ?? stdout).WriteEnd, .. descriptors, .. domains.Select(domain => domain.Descriptor)];
            return new ChildProcess(Strays.Start(() => ProcessSpawn.Start(command, handed)), stdout.Reader, stderr?.Reader, command.OrphansGoOn);
        }
        catch
        {
            stdout.Reader.Dispose();
            stderr?.Reader.Dispose();
            throw;
        }
        finally
        {
            // With our copies open the pipes would never end.
            stdout.CloseWriteEnd();
            stderr?.CloseWriteEnd();
            foreach (var domain in domains) domain.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Terminate() => Signal(LibC.SignalTerminate);

    /// <inheritdoc/>
    public void Kill() => Signal(LibC.SignalKill);

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        Stdout.Dispose();
        Stderr?.Dispose();
    }

    private void Signal(int signal)
    {
        // Once reaped, the number may belong to somebody else.
        lock (_lock)
            if (!_reaped) _ = LibC.KillGroup(Pid, signal);
    }

    private void WaitForExit()
    {
        try
        {
            // First without reaping: while the leader is a zombie its number can't be reused, so the group can be killed safely.
            var exit = Wait(LibC.WaitExited | LibC.WaitLeaveReapable);
            lock (_lock)
            {
                _ = LibC.KillGroup(Pid, LibC.SignalKill);
                Wait(LibC.WaitExited);
                _reaped = true;
            }
            Strays.Forget(Pid);
            _ended.SetResult(exit);
            _exited.SetResult(exit with { LeftSomething = !_orphansGoOn && !Strays.End() });
        }
        catch (Exception fault)
        {
            _ended.TrySetException(fault);
            _exited.SetException(fault);
        }
    }

    private unsafe ChildExit Wait(int options)
    {
        var info = stackalloc byte[LibC.SignalInfoSize];
        while (LibC.WaitId(LibC.WaitForPid, Pid, info, options) != 0)
            if (Marshal.GetLastPInvokeError() is var error && error != LibC.Interrupted)
                throw new Win32Exception(error, $"waitid for process {Pid} failed.");
        // siginfo_t: si_code at 8 (1 is CLD_EXITED, others are signals), si_status at 24; see sigaction(2).
        var (code, status) = (*(int*)(info + 8), *(int*)(info + 24));
        return new ChildExit(code == 1 ? status : -status);
    }
}
