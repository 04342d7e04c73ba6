namespace CodeExec.Web.Callers;

/// <summary>
/// A bucket of tokens, one for each call: full with a minute's worth at the start, and filled evenly with as many each minute. So calls may come
/// all at once, but over any longer time no more than the rate. Any thread.
/// </summary>
/// <param name="perMinute">Calls a minute; 1 or more.</param>
/// <param name="time">The clock.</param>
internal sealed class CallRate(int perMinute, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _tokens = perMinute;
    private long _filled = time.GetTimestamp();

    /// <summary>Takes a token, if there is one.</summary>
    /// <returns>Null when it did, else how long until there is one.</returns>
    public TimeSpan? Take()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(perMinute, _tokens + (time.GetElapsedTime(_filled, now).TotalMinutes * perMinute));
            _filled = now;
            if (_tokens < 1) return TimeSpan.FromMinutes((1 - _tokens) / perMinute);
            _tokens--;
            return null;
        }
    }
}
