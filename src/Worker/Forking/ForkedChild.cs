using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Forking;

/// <summary>
/// One job's Python, forked by a fork server. The server reaps it and tells how it ended; if the server dies meanwhile the job goes on,
/// and leaves its exit code as the date of its folder. Any thread.
/// </summary>
internal sealed class ForkedChild : IChild
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(10);

    private readonly ForkServer _server;
    private readonly JobClaim _claim;
    private readonly string _datedFolder;
    private readonly CancellationTokenSource _disposed = new();
    private readonly CancellationToken _stop;
    private readonly TaskCompletionSource<ChildExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private int _serial;
    private int _lastSignal;
    private bool _isOrphan;

    private ForkedChild(ForkServer server, Stream stdout, Stream stderr, JobClaim claim, string datedFolder)
    {
        (_server, Stdout, Stderr, _claim, _datedFolder, _stop) = (server, stdout, stderr, claim, datedFolder, _disposed.Token);
    }

    /// <inheritdoc/>
    public int Pid { get; private set; }

    /// <inheritdoc/>
    public Stream Stdout { get; }

    /// <inheritdoc/>
    public Stream? Stderr { get; }

    /// <summary>Done when the process has ended and its group was sent SIGKILL.</summary>
    /// <exception cref="ForkServerLostException">The code was not started.</exception>
    public Task<ChildExit> Exited => _exited.Task;

    /// <inheritdoc/>
    public async Task<ChildExit> ProgramEndAsync(Task outputEnded) =>
        await Task.WhenAny(outputEnded, Exited) == outputEnded && ToldEnd() is { } told ? told : await Exited;

    /// <summary>When it was handed over, as a timestamp of the server's clock.</summary>
    public long SentAt { get; private init; }

    /// <summary>Hands a job to a server's children; null when they can't be reached.</summary>
    /// <param name="server">The server.</param>
    /// <param name="job">The job.</param>
    /// <param name="number">Names it among this server's.</param>
    /// <param name="jobs">The socket of the server's children.</param>
    /// <param name="now">The server's clock.</param>
    public static ForkedChild? Send(ForkServer server, ForkedJob job, int number, SocketPair jobs, long now)
    {
        var stdout = Pipe.Open();
        Pipe? stderr = null;
        JobClaim? claim = null;
        var sent = false;
        try
        {
            stderr = Pipe.Open();
            claim = JobClaim.Open();
            job.User.Give(stdout.WriteEnd);
            job.User.Give(stderr.WriteEnd);
            sent = jobs.Send(
                job.Message(number), job.Domain is { } domain ? [stdout.WriteEnd, stderr.WriteEnd, claim.Descriptor, domain] : [stdout.WriteEnd, stderr.WriteEnd, claim.Descriptor]);
            return sent ? new ForkedChild(server, stdout.Reader, stderr.Reader, claim, job.Workspace.DatedFolder) { SentAt = now } : null;
        }
        finally
        {
            // With our copies open the pipes would never end.
            stdout.CloseWriteEnd();
            stderr?.CloseWriteEnd();
            if (!sent)
            {
                stdout.Reader.Dispose();
                stderr?.Reader.Dispose();
                claim?.Dispose();
            }
        }
    }

    /// <summary>A child of the server has it; its code starts.</summary>
    public void Taken(int serial, int pid)
    {
        lock (_lock)
        {
            (_serial, Pid) = (serial, pid);
            Strays.Know(pid);
            // It came before there was anybody to send it to.
            if (_lastSignal != 0) Send(_lastSignal);
        }
        _claim.Dispose();
    }

    /// <summary>The server has reaped it.</summary>
    public void Ended(ChildExit exit)
    {
        Strays.Forget(Pid);
        _exited.TrySetResult(exit);
    }

    /// <summary>Its code was not started and never will be.</summary>
    public void NotStarted(string reason) => _exited.TrySetException(new ForkServerLostException(reason));

    /// <summary>Takes the job back, so that it never starts.</summary>
    /// <returns>False when a child has it.</returns>
    public bool TryTakeBack(string reason)
    {
        if (!_claim.TryTakeBack()) return false;
        NotStarted(reason);
        return true;
    }

    /// <summary>The server is gone and can't tell its end: from now on it is looked for.</summary>
    public void Orphaned()
    {
        lock (_lock)
        {
            _isOrphan = true;
            // A server that died before this was known has not passed it on.
            if (_lastSignal != 0) Send(_lastSignal);
        }
        _ = WatchAsync();
    }

    /// <inheritdoc/>
    public void Terminate() => Signal(LibC.SignalTerminate);

    /// <inheritdoc/>
    public void Kill() => Signal(LibC.SignalKill);

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        _disposed.Cancel();
        _disposed.Dispose();
        _claim.Dispose();
        Stdout.Dispose();
        Stderr?.Dispose();
    }

    private void Signal(int signal)
    {
        if (_exited.Task.IsCompleted) return;
        if (_claim.TryTakeBack())
        {
            // Stopped before a child had it: as if it had been killed at its first instruction.
            _exited.TrySetResult(new ChildExit(-signal));
            _server.Forget(this);
            return;
        }
        lock (_lock)
        {
            _lastSignal = signal;
            if (_serial != 0) Send(signal);
        }
    }

    // An orphan is reached by its number, which isn't another's as long as its group has a member.
    private void Send(int signal)
    {
        if (_isOrphan) _ = LibC.KillGroup(Pid, signal);
        else _server.Signal(_serial, signal);
    }

    private async Task WatchAsync()
    {
        var started = StartTime();
        while (started is not null && StartTime() == started && !_stop.IsCancellationRequested)
            await Task.Delay(LookEvery, _stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ = LibC.KillGroup(Pid, LibC.SignalKill);
        Strays.Forget(Pid);
        var areGone = Strays.End();
        // Else it was killed, or left without a word.
        _exited.TrySetResult((ToldEnd() ?? new ChildExit(-LibC.SignalKill)) with { LeftSomething = !areGone });
    }

    // What its program said of its end; null when it said nothing, and then only its process's end tells.
    private ChildExit? ToldEnd()
    {
        try
        {
            var seconds = (Directory.GetLastWriteTimeUtc(_datedFolder) - DateTime.UnixEpoch).TotalSeconds;
            return seconds is >= 0 and <= byte.MaxValue ? new ChildExit((int)seconds) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Field 22 of proc_pid_stat(5), which tells a process from a later one with its number; null when it has ended.
    private string? StartTime()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{Pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
