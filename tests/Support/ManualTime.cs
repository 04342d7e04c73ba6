namespace CodeExec.Tests.Support;

/// <summary>A clock that stands still until the test moves it. Any thread.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan Due, int Times, TaskCompletionSource Seen)> _waiting = [];
    private readonly Dictionary<TimeSpan, int> _armed = [];
    private DateTimeOffset _now = DateTimeOffset.UtcNow;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

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
            _waiting.Add((due, times, seen));
            return seen.Task.Within();
        }
    }

    /// <summary>How often timers with this due time were set.</summary>
    public int Armed(TimeSpan due)
    {
        lock (_lock) return _armed.GetValueOrDefault(due);
    }

    /// <summary>Waits until somebody waits for so much time, then lets it pass.</summary>
    public async Task PassAsync(TimeSpan awaited)
    {
        await Eventually.HoldsAsync(() => Waits(awaited), $"a timer of {awaited}");
        Advance(awaited);
    }

    /// <summary>Moves the clock and fires what is due; what repeats fires once, however much time has passed.</summary>
    public void Advance(TimeSpan by)
    {
        ManualTimer[] due;
        lock (_lock)
        {
            _now += by;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due)
            {
                if (timer.Repeats) timer.Due = _now + timer.Period;
                else _timers.Remove(timer);
            }
        }
        foreach (var timer in due) timer.Fire();
    }

    private bool Waits(TimeSpan time)
    {
        // What repeats by itself is nobody's wait.
        lock (_lock) return _timers.Exists(timer => !timer.Repeats && timer.Due == _now + time);
    }

    private void Set(ManualTimer timer, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan) return;
            (timer.Due, timer.Period) = (_now + dueTime, period);
            _timers.Add(timer);
            var count = _armed[dueTime] = _armed.GetValueOrDefault(dueTime) + 1;
            foreach (var wait in _waiting.Where(wait => wait.Due == dueTime && wait.Times <= count)) wait.Seen.TrySetResult();
        }
    }

    private sealed class ManualTimer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _disposed;

        public DateTimeOffset Due { get; set; }

        public TimeSpan Period { get; set; }

        public bool Repeats => Period > TimeSpan.Zero;

        public void Fire()
        {
            if (!_disposed) callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed) return false;
            clock.Set(this, dueTime, period);
            return true;
        }

        public void Dispose()
        {
            _disposed = true;
            clock.Set(this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
