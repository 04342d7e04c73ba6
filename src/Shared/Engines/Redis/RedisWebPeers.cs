using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>Web processes reach each other over pub/sub: one channel for each, one for all. Any thread.</summary>
internal sealed class RedisWebPeers(RedisConnection redis, string name) : IWebPeers
{
    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public async Task ListenAsync(Action<byte[]> received)
    {
        await redis.SubscribeAsync(RedisKeys.Relay(name), received);
        await redis.SubscribeAsync(RedisKeys.Notices, received);
    }

    /// <inheritdoc/>
    public async Task<bool> SendAsync(string peer, byte[] message)
    {
        try
        {
            return (long)await redis.CommandAsync("PUBLISH", (RedisKey)RedisKeys.Relay(peer), message) > 0;
        }
        catch (RedisUnavailableException fault)
        {
            throw new RunnerException("The service's queue can't be reached at the moment, so the message could not be handed to the process that holds the stream. Send it again in a few seconds.", fault);
        }
    }

    /// <inheritdoc/>
    public void SendToAll(byte[] message) => redis.Publish(RedisKeys.Notices, message);
}
