using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>The contract, on a real redis-server.</summary>
public sealed class RedisQueueTests : QueueContract
{
    private RedisServer _redis = null!;

    public override async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public override async Task DisposeAsync() => await _redis.DisposeAsync();

    internal override Task LoseMessagesAsync() => _redis.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub");

    internal override async Task<IOpenEngine<IJobSender>> OpenSenderAsync(QueueOptions options) =>
        new OpenRedis<IJobSender>(await RedisEngine.OpenSenderAsync(options with { RedisUrl = _redis.Url }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None), engine => engine.Sender!);

    internal override async Task<IOpenEngine<IJobReceiver>> OpenReceiverAsync(QueueOptions options, TimeSpan drainTime) =>
        new OpenRedis<IJobReceiver>(await RedisEngine.OpenReceiverAsync(options with { RedisUrl = _redis.Url }, drainTime, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None), engine => engine.Receiver!);

    private sealed class OpenRedis<TSide>(RedisEngine engine, Func<RedisEngine, TSide> side) : IOpenEngine<TSide>
    {
        public TSide Side => side(engine);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }
}
