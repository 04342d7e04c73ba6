using System.Collections.Concurrent;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Results that have arrived: their stored copies are soon not needed, and 10,000 of them would fill a small Redis. They are deleted together,
/// because a command for each takes as long as a tenth of the call's whole way through the queue. Any thread adds, one at a time forgets.
/// </summary>
internal sealed class RedisHeardResults(RedisConnection redis, TimeProvider time)
{
    // A worker that was given such a job too, by a message that came late, finds here that it is over.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<(string JobId, long Heard)> _heard = new();

    /// <summary>Notes that a job's result has arrived.</summary>
    public void Add(string jobId) => _heard.Enqueue((jobId, time.GetTimestamp()));

    /// <summary>Deletes the copies whose time is over.</summary>
    /// <exception cref="RedisUnavailableException">Redis doesn't answer; what was to be deleted expires by itself, later.</exception>
    public Task ForgetAsync() => DeleteAsync(first => time.GetElapsedTime(first.Heard) >= Kept);

    /// <summary>Deletes all copies: nobody would later.</summary>
    /// <exception cref="RedisUnavailableException">Redis doesn't answer; what was to be deleted expires by itself, later.</exception>
    public Task ForgetAllAsync() => DeleteAsync(_ => true);

    private async Task DeleteAsync(Predicate<(string JobId, long Heard)> isOver)
    {
        var keys = new List<object>();
        while (_heard.TryPeek(out var first) && isOver(first) && _heard.TryDequeue(out first)) keys.Add((RedisKey)RedisKeys.Result(first.JobId));
        if (keys.Count > 0) await redis.CommandAsync("DEL", [.. keys]);
    }
}
