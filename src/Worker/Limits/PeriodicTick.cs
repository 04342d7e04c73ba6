namespace CodeExec.Worker.Limits;

/// <summary>
/// A timer that ticks while it is wanted. Set once for a period, and again by its own tick: starting a timer for each job would cost each job.
/// <see cref="Set"/> by one thread at a time.
/// </summary>
internal sealed class PeriodicTick : IDisposable
{
    private readonly TimeSpan _period;
    private readonly ITimer _timer;
    private bool _isTicking;

    /// <summary>Does not tick yet.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="period">The distance of two ticks.</param>
    /// <param name="tick">Called on a thread of the pool, also while the last call still runs; must not throw.</param>
    public PeriodicTick(TimeProvider time, TimeSpan period, Action tick)
    {
        _period = period;
        _timer = time.CreateTimer(_ => tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether it is to tick from here on.</summary>
    public void Set(bool isWanted)
    {
        if (isWanted == _isTicking) return;
        _isTicking = isWanted;
        var period = isWanted ? _period : Timeout.InfiniteTimeSpan;
        _timer.Change(period, period);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();
}
