namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// What a process knows of Redis's clock, from the answers to its signs of life or to what it sends. Hosts' clocks differ; so nothing is decided on the time of day, but
/// on how much time has passed here since Redis last told its time. Any thread.
/// </summary>
internal sealed class RedisClock(TimeProvider time)
{
    private sealed record Sample(long Milliseconds, long Sent, long Received);

    private volatile Sample? _last;

    /// <summary>Redis told its time.</summary>
    /// <param name="milliseconds">Since 1970, on its clock.</param>
    /// <param name="sent">When it was asked (a time stamp of our clock).</param>
    public void Told(long milliseconds, long sent) => _last = new Sample(milliseconds, sent, time.GetTimestamp());

    /// <summary>A moment on our clock that is not after one on Redis's: later by no more than the time stamp, sooner by what an answer takes.</summary>
    /// <param name="milliseconds">The moment on Redis's clock.</param>
    /// <returns>A time stamp; the earliest of all while Redis has not told its time.</returns>
    public long NotAfter(long milliseconds) => _last is { } last ? last.Sent + Ticks(milliseconds - last.Milliseconds) : 0;

    /// <summary>What Redis's clock shows now, or a little less, in ms since 1970; 0 while it has not told its time.</summary>
    public long Now => _last is { } last ? last.Milliseconds + (long)time.GetElapsedTime(last.Received).TotalMilliseconds : 0;

    private long Ticks(long milliseconds) => milliseconds * time.TimestampFrequency / 1000;
}
