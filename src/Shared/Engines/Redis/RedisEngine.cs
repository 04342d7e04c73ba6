using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The queue engine on Redis, put together for one side. Any thread; disposing ends its background duties.</summary>
public sealed class RedisEngine : IAsyncDisposable
{
    private readonly RedisConnection _redis;
    private readonly CancellationTokenSource _end = new();
    private readonly RedisReplies? _replies;
    private readonly RedisJobReceiver? _receiver;
    private readonly Task[] _duties;

    private RedisEngine(RedisConnection redis, RedisReplies? replies, RedisJobReceiver? receiver, params Func<CancellationToken, Task>[] duties)
    {
        _redis = redis;
        _replies = replies;
        _receiver = receiver;
        _duties = [.. duties.Select(duty => duty(_end.Token))];
    }

    /// <summary>Sends jobs; null on the worker side.</summary>
    public IJobSender? Sender { get; private init; }

    /// <summary>Runs jobs whose callers don't wait; null on the worker side.</summary>
    public IBackgroundJobs? BackgroundJobs { get; private init; }

    /// <summary>Reaches other web processes; null on the worker side.</summary>
    public IWebPeers? Peers { get; private init; }

    /// <summary>Receives jobs; null on the web side.</summary>
    public IJobReceiver? Receiver => _receiver;

    /// <summary>Whether Redis can be reached now.</summary>
    public bool IsConnected => _redis.IsConnected;

    /// <summary>Jobs that this web process waits for.</summary>
    public int Waiting => _replies?.Waiting ?? 0;

    /// <summary>The web side: sends jobs, hears what becomes of them, looks after jobs of silent workers.</summary>
    /// <exception cref="RedisRefusedException">Redis can't be used as it is set up.</exception>
    public static async Task<RedisEngine> OpenSenderAsync(QueueOptions options, ILoggerFactory logs, TimeProvider time, CancellationToken cancel)
    {
        var redis = await RedisConnection.OpenAsync(options, logs, time, cancel);
        var tail = new RedisQueueTail(redis, options, time);
        var replies = new RedisReplies(redis, tail, options, time, logs.CreateLogger<RedisReplies>());
        var reclaimer = new StalledJobReclaimer(redis, options, time, logs.CreateLogger<StalledJobReclaimer>());
        return new RedisEngine(redis, replies, null, reclaimer.RunAsync)
        {
            Sender = new RedisJobSender(redis, replies, tail, options, time),
            BackgroundJobs = new RedisBackgroundJobs(redis, tail, options, time),
            Peers = new RedisWebPeers(redis, replies.Web),
        };
    }

    /// <summary>The worker side: takes jobs, keeps its leases, looks after jobs of silent workers.</summary>
    /// <param name="options">How to reach Redis, and the times.</param>
    /// <param name="drainTime">How long running jobs get when the receiver is stopped.</param>
    /// <param name="logs">The log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="RedisRefusedException">Redis can't be used as it is set up.</exception>
    public static async Task<RedisEngine> OpenReceiverAsync(QueueOptions options, TimeSpan drainTime, ILoggerFactory logs, TimeProvider time, CancellationToken cancel)
    {
        var redis = await RedisConnection.OpenAsync(options, logs, time, cancel);
        var receiver = new RedisJobReceiver(redis, options, drainTime, time, logs.CreateLogger<RedisJobReceiver>());
        var keeper = new RedisLeaseKeeper(redis, receiver, options, time, logs.CreateLogger<RedisLeaseKeeper>());
        var reclaimer = new StalledJobReclaimer(redis, options, time, logs.CreateLogger<StalledJobReclaimer>());
        return new RedisEngine(redis, null, receiver, keeper.RunAsync, reclaimer.RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_duties).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_replies is not null) await _replies.DisposeAsync();
        await _redis.DisposeAsync();
        _end.Dispose();
    }
}
