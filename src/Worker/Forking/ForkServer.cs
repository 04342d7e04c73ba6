using System.Globalization;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Forking;

/// <summary>
/// One warm interpreter from which jobs' Pythons are forked (python/fork_server.py), with a few children forked ahead. Any thread. When it
/// is lost (killed, damaged, frozen), jobs that it had not started are given back to their callers, and those that run go on.
/// </summary>
internal sealed class ForkServer : IAsyncDisposable
{
    // They halve the latency at one caller; more add nothing (docs/performance.md).
    private const int MostIdle = 4;

    // A fork takes 1 to 2 ms; even 64 at once are forked in 0.1 s.
    private static readonly TimeSpan TakeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortRun = JobPriority.StepsBackAfter;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);

    private readonly SocketPair _control;
    private readonly SocketPair _jobs;
    private readonly ChildProcess _process;
    private readonly TimeProvider _time;
    private readonly Action<string> _whenLost;
    private readonly ITimer _watch;
    private readonly Task _listening;
    private readonly ServerOutput _output;
    private readonly TaskCompletionSource<IReadOnlyList<int>?> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Dictionary<int, ForkedChild> _sent = [];
    private readonly Dictionary<int, ForkedChild> _running = [];
    private readonly Dictionary<int, ChildExit> _endedUntaken = [];
    private int _idle;
    private long? _askedAt;
    private bool _retired;
    private volatile bool _lost;

    private ForkServer(SocketPair control, SocketPair jobs, ChildProcess process, TimeProvider time, Action<string> whenLost)
    {
        (_control, _jobs, _process, _time, _whenLost) = (control, jobs, process, time, whenLost);
        _output = new ServerOutput(process.Stdout);
        _watch = time.CreateTimer(_ => Check(), null, TakeLimit / 2, TakeLimit / 2);
        _listening = Task.WhenAll(ListenToServerAsync(), ListenToChildrenAsync());
    }

    /// <summary>Done when it can take jobs: which of its modules it could not find, by number; null when it ended before it was ready.</summary>
    public Task<IReadOnlyList<int>?> Ready => _ready.Task;

    /// <summary>Whether it takes no jobs any more because it is gone.</summary>
    public bool IsLost => _lost;

    /// <summary>What it has printed: nothing, unless something is wrong.</summary>
    public string Said => _output.Text;

    /// <summary>Its process.</summary>
    public int Pid => _process.Pid;

    /// <summary>Jobs that it was given in its life.</summary>
    public int Jobs { get; private set; }

    /// <summary>Starts the process; await <see cref="Ready"/> before the first job.</summary>
    /// <param name="command">The interpreter with the server's program, its output merged.</param>
    /// <param name="time">The clock.</param>
    /// <param name="whenLost">Called once, when it takes no jobs any more, with the reason.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public static ForkServer Start(ChildCommand command, TimeProvider time, Action<string> whenLost)
    {
        var control = SocketPair.Open();
        SocketPair? jobs = null;
        try
        {
            jobs = SocketPair.Open();
            var process = ChildProcess.Start(command, control.Theirs, jobs.Theirs);
            control.CloseTheirs();
            jobs.CloseTheirs();
            return new ForkServer(control, jobs, process, time, whenLost);
        }
        catch
        {
            control.Dispose();
            jobs?.Dispose();
            throw;
        }
    }

    /// <summary>Gives it a job; null when it takes none.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">No descriptor is left.</exception>
    public ForkedChild? TryRun(ForkedJob job)
    {
        ForkedChild? child;
        lock (_lock)
        {
            if (_lost || _retired || !_ready.Task.IsCompletedSuccessfully) return null;
            if (_idle == 0) Fork(1);
            child = ForkedChild.Send(this, job, ++Jobs, _jobs, _time.GetTimestamp());
            if (child is not null && _sent.TryAdd(Jobs, child)) _idle--;
        }
        if (child is null) Lose("it doesn't take messages");
        return child;
    }

    /// <summary>Takes no more jobs from now on; done when those that it has are finished.</summary>
    public Task RetireAsync()
    {
        lock (_lock)
        {
            _retired = true;
            DoneWhenEmpty();
        }
        return _done.Task;
    }

    /// <summary>A job was taken back.</summary>
    public void Forget(ForkedChild child)
    {
        lock (_lock)
        {
            foreach (var (number, _) in _sent.Where(pair => pair.Value == child).ToList()) _sent.Remove(number);
            // The child that finds it taken back waits for the next.
            _idle++;
            DoneWhenEmpty();
        }
    }

    /// <summary>Sends a signal to the group of a running job.</summary>
    public void Signal(int serial, int signal) => _control.Send(string.Create(CultureInfo.InvariantCulture, $"signal {serial} {signal}"));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Lose("it is ended");
        await ((Task)_process.Exited).WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
        await _listening.WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Strays.End();
        _jobs.Dispose();
        await _watch.DisposeAsync();
    }

    private async Task ListenToServerAsync()
    {
        var buffer = new byte[1024];
        while (await _control.ReceiveAsync(buffer) is { } message)
        {
            switch (message.Split(' '))
            {
                case ["ready", .. var missing]:
                    lock (_lock) Fork(MostIdle);
                    _ready.TrySetResult([.. missing.Select(Number)]);
                    break;
                case ["ended", var serial, var code, .. var left]:
                    Ended(Number(serial), new ChildExit(Number(code), LeftSomething: left is ["left"]));
                    break;
                case ["pong"]:
                    lock (_lock) _askedAt = null;
                    break;
                case ["refused", var count]:
                    Refused(Number(count));
                    break;
            }
        }
        _ready.TrySetResult(null);
        // What it said last may be on its way.
        await ((Task)_process.Exited).WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _output.LastWordsAsync();
        Lose($"it has ended{(_process.Exited.IsCompletedSuccessfully ? $" with code {(await _process.Exited).ReturnCode}" : "")}. {Said}".Trim());
    }

    // To the end of the last child that waits for a job, so that the word of one that took a job in time is heard.
    private async Task ListenToChildrenAsync()
    {
        var buffer = new byte[64];
        while (await _jobs.ReceiveAsync(buffer) is { } message)
            if (message.Split(' ') is ["taken", var number, var serial, var pid]) Taken(Number(number), Number(serial), Number(pid));
        ForkedChild[] never;
        lock (_lock)
        {
            never = [.. _sent.Values];
            _sent.Clear();
            DoneWhenEmpty();
        }
        foreach (var child in never) child.NotStarted("The fork server and its children are gone.");
    }

    private void Taken(int number, int serial, int pid)
    {
        ForkedChild? child;
        ChildExit exit;
        bool ended, lost;
        lock (_lock)
        {
            if (!_sent.Remove(number, out child)) return;
            lost = _lost;
            ended = _endedUntaken.Remove(serial, out exit);
            // Before anybody can find it among the running: what is told of a job is told to its process.
            child.Taken(serial, pid);
            if (!ended && !lost) _running[serial] = child;
            if (_sent.Count == 0)
            {
                // Nobody's word is under way, so the rest of these had waited for a job.
                _idle -= _endedUntaken.Count;
                _endedUntaken.Clear();
            }
            DoneWhenEmpty();
        }
        if (ended) child.Ended(exit);
        else if (lost) child.Orphaned();
    }

    private void Ended(int serial, ChildExit exit)
    {
        ForkedChild? child;
        lock (_lock)
        {
            if (!_running.Remove(serial, out child))
            {
                // One that waited, unless its word that it took a job is still on the way.
                if (_sent.Count > 0) _endedUntaken[serial] = exit;
                else _idle--;
            }
            DoneWhenEmpty();
        }
        child?.Ended(exit);
        lock (_lock)
        {
            if (!_retired && _idle < MostIdle && CoresAreFree()) Fork(MostIdle - _idle);
        }
    }

    // While more runs than there are cores, children made ahead take their time from those that run. Jobs that run for longer have
    // stepped back (JobPriority), so they don't count.
    private bool CoresAreFree() => _sent.Count + _running.Values.Count(child => _time.GetElapsedTime(child.SentAt) < ShortRun) < Environment.ProcessorCount;

    private void Fork(int count)
    {
        if (_control.Send(string.Create(CultureInfo.InvariantCulture, $"fork {count}"))) _idle += count;
    }

    private void DoneWhenEmpty()
    {
        if ((_retired || _lost) && _sent.Count + _running.Count == 0) _done.TrySetResult();
    }

    // No process, or no memory, for one more child: what waits is started in another way or not at all.
    private void Refused(int count)
    {
        ForkedChild[] waiting;
        lock (_lock)
        {
            _idle -= count;
            waiting = [.. _sent.Values];
        }
        foreach (var child in waiting)
            if (child.TryTakeBack("The fork server could not fork.")) Forget(child);
    }

    private void Check()
    {
        bool overdue, silent;
        lock (_lock)
        {
            overdue = _sent.Values.Any(child => _time.GetElapsedTime(child.SentAt) > TakeLimit);
            silent = _askedAt is { } asked && _time.GetElapsedTime(asked) > TakeLimit;
            // A frozen one tells the end of no job.
            if (_askedAt is null && _running.Count > 0 && _control.Send("ping")) _askedAt = _time.GetTimestamp();
            // Perhaps it was the child that a job was meant for which ended.
            if (_sent.Count > 0 && _endedUntaken.Count > 0) Fork(1);
        }
        if (silent) Lose($"it has not answered for {TakeLimit.TotalSeconds:0} s");
        else if (overdue) Lose($"it did not start a job within {TakeLimit.TotalSeconds:0} s");
    }

    private void Lose(string reason)
    {
        ForkedChild[] running, waiting;
        lock (_lock)
        {
            if (_lost) return;
            _lost = true;
            running = [.. _running.Values];
            waiting = [.. _sent.Values];
            _running.Clear();
            // The last word of its children may have come before.
            DoneWhenEmpty();
        }
        // First, because at the end of its control socket the server kills what it runs.
        if (running.Length + waiting.Length > 0) _process.Kill();
        _control.Dispose();
        _jobs.EndSending();
        foreach (var child in running) child.Orphaned();
        foreach (var child in waiting)
            if (child.TryTakeBack($"The fork server was lost: {reason}.")) Forget(child);
        _whenLost(reason);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
