namespace CodeExec.Tests.Support;

/// <summary>A clock that stands still until it is told to go on. Any thread.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private DateTimeOffset _now = DateTimeOffset.UtcNow;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <summary>Waits until somebody waits for so much time, then lets it pass.</summary>
    public async Task PassAsync(TimeSpan awaited)
    {
        await Eventually.HoldsAsync(() => Waits(awaited), $"a timer of {awaited}");
        Pass(awaited);
    }

    /// <summary>Lets time pass.</summary>
    public void Pass(TimeSpan time)
    {
        Timer[] due;
        lock (_lock)
        {
            _now += time;
            due = [.. _timers.Where(timer => timer.Due <= _now)];
            foreach (var timer in due) timer.Again(_now);
        }
        foreach (var timer in due) timer.Fire();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private bool Waits(TimeSpan time)
    {
        // What repeats by itself is nobody's wait.
        lock (_lock) return _timers.Exists(timer => !timer.Repeats && timer.Due == _now + time);
    }

    private sealed class Timer(ManualTime clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; }

        public bool Repeats => _period > TimeSpan.Zero;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                _period = period;
                Due = clock._now + dueTime;
                clock._timers.Add(this);
            }
            return true;
        }

        /// <summary>Under the clock's lock: when it is due next. However much time has passed, it fires once.</summary>
        public void Again(DateTimeOffset now)
        {
            if (Repeats) Due = now + _period;
            else clock._timers.Remove(this);
        }

        public void Dispose()
        {
            lock (clock._lock) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
