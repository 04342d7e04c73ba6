using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Jobs that Redis holds for this worker's and that never arrived: the answer of a take got lost, or a message. They are handed back, so that
/// they run elsewhere. Any thread.
/// </summary>
/// <remarks>
/// None of them can begin here afterwards: what arrives later than <see cref="QueueOptions.StartTime"/> asks before it starts
/// (<see cref="RedisDelivery"/>), and finds that it was given away; what was given longer ago than twice that has arrived, and is among the
/// entries in hand, or is late.
/// </remarks>
internal sealed partial class RedisUnheardJobs(RedisConnection redis, QueueOptions options, string worker, RedisClock clock, Func<IEnumerable<string>> heldEntries, ILogger log)
{
    /// <summary>Hands back what should have arrived by now.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public Task HandBackAsync() => HandBackAsync(clock.Now - (long)(options.StartTime * 2).TotalMilliseconds);

    /// <summary>Hands back all that is not in hand: for a worker that begins nothing any more.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public Task HandAllBackAsync() => HandBackAsync(long.MaxValue);

    private async Task HandBackAsync(long givenBefore)
    {
        var returned = (int)await redis.RunAsync(
            RedisScript.HandBack, [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Handed],
            [RedisKeys.Group, worker, givenBefore, RedisKeys.JobPrefix, .. heldEntries().Select(entry => (RedisValue)entry)]);
        if (returned > 0) LogHandedBack(returned);
    }

    [LoggerMessage(526, LogLevel.Warning, "{Jobs} jobs were handed back: they had been given to this worker and never arrived")]
    private partial void LogHandedBack(int jobs);
}
