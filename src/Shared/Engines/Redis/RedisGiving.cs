using CodeExec.Shared.Settings;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>What <c>give.lua</c> is told of one worker, in whichever script it is. Immutable.</summary>
internal sealed class RedisGiving(QueueOptions options, string worker)
{
    /// <summary>Its keys; those of the script follow.</summary>
    public string[] Keys { get; } = [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Worker(worker)];

    /// <summary>Its arguments; those of the script follow.</summary>
    /// <param name="most">How many jobs the worker would begin at once.</param>
    public RedisValue[] Arguments(int most) =>
    [
        RedisKeys.Group, worker, most, (long)options.Lease.TotalMilliseconds, RedisKeys.JobPrefix, RedisKeys.WebPrefix, (long)options.SecondLook.TotalMilliseconds,
    ];
}
