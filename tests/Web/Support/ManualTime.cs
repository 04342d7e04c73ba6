namespace CodeExec.Tests.Web.Support;

/// <summary>A clock that the test moves. Any thread.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan Due, TaskCompletionSource Seen, int Left)> _waiting = [];
    private readonly Dictionary<TimeSpan, int> _armed = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() { lock (_lock) return _now.Ticks; }

    public override DateTimeOffset GetUtcNow() { lock (_lock) return DateTimeOffset.UnixEpoch + _now; }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Completes once timers with this due time were set as often as said, counted from the start.</summary>
    public Task ArmedAsync(TimeSpan due, int times = 1)
    {
        lock (_lock)
        {
            if (_armed.GetValueOrDefault(due) >= times) return Task.CompletedTask;
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((due, seen, times));
            return seen.Task.WaitAsync(TestWeb.Patience);
        }
    }

    /// <summary>How often timers with this due time were set.</summary>
    public int Armed(TimeSpan due) { lock (_lock) return _armed.GetValueOrDefault(due); }

    /// <summary>Moves the clock and rings what is due.</summary>
    public void Advance(TimeSpan by)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due) _timers.Remove(timer);
        }
        foreach (var timer in due) timer.Ring();
    }

    private void Set(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            timer.Due = _now + dueTime;
            _timers.Add(timer);
            var count = _armed[dueTime] = _armed.GetValueOrDefault(dueTime) + 1;
            foreach (var wait in _waiting.Where(wait => wait.Due == dueTime && wait.Left <= count)) wait.Seen.TrySetResult();
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _disposed;

        public TimeSpan Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed) return false;
            time.Set(this, dueTime);
            return true;
        }

        public void Ring()
        {
            if (!_disposed) callback(state);
        }

        public void Dispose()
        {
            _disposed = true;
            time.Set(this, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
