using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// The worker's side: takes no more jobs than there are free slots, calls the handler for each, and ends each with one transaction.
/// <see cref="RunAsync"/> is called once; the rest happens on the tasks of the jobs.
/// </summary>
internal sealed partial class RedisJobReceiver : IJobReceiver
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(4);

    private readonly RedisConnection _redis;
    private readonly QueueOptions _options;
    private readonly TimeSpan _drainTime;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisJobReceiver> _log;
    private readonly ConcurrentDictionary<string, RedisDelivery> _held = new(StringComparer.Ordinal);
    private readonly RedisTakeLoop _taking;

    // Entries of jobs that ran here and whose end Redis was never told: they must not look as if they had never begun.
    private readonly ConcurrentQueue<string> _unannounced = new();
    private IJobHandler? _handler;
    private volatile bool _stopping;
    private volatile IReadOnlyCollection<string> _shownSets = [];

    public RedisJobReceiver(RedisConnection redis, QueueOptions options, TimeSpan drainTime, TimeProvider time, ILogger<RedisJobReceiver> log)
    {
        (_redis, _options, _drainTime, _time, _log) = (redis, options, drainTime, time, log);
        _taking = new RedisTakeLoop(redis, options, Worker, () => _handler!.Slots - _held.Count, () => Held.Select(delivery => delivery.Entry).Concat(_unannounced), Begin, time, log);
    }

    /// <summary>This process's name in the consumer group, new at each start.</summary>
    public string Worker { get; } = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>The jobs in this process's hands.</summary>
    public ICollection<RedisDelivery> Held => _held.Values;

    /// <inheritdoc/>
    public async Task RunAsync(IJobHandler handler, CancellationToken stop)
    {
        _handler = handler;
        await _redis.SubscribeAsync(RedisKeys.Cancel(Worker), id => Stop(System.Text.Encoding.UTF8.GetString(id), StopReason.ClientCancelled));
        await TryShowLifeAsync();
        await _taking.RunAsync(stop);
        _stopping = true;
        await TryShowLifeAsync();
        await DrainAsync();
        await LeaveAsync();
    }

    /// <summary>Stops a job in hand; nothing happens when it isn't.</summary>
    public void Stop(string jobId, StopReason reason)
    {
        if (_held.TryGetValue(jobId, out var delivery)) delivery.Stop.Request(reason);
    }

    /// <summary>Hands back the jobs that Redis holds for this worker's although it never heard of them.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public Task HandBackAsync() => _taking.HandBackAsync();

    /// <summary>Shows that this worker lives, how many jobs it may have in its hands, and what it has ready.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public Task ShowLifeAsync()
    {
        var handler = _stopping ? null : _handler;
        _shownSets = handler?.Warmth.Sets ?? [];
        return _redis.RunAsync(
            RedisScript.Alive, [RedisKeys.Worker(Worker)],
            [Worker, handler?.Slots ?? 0, (long)_options.Lease.TotalMilliseconds, RedisKeys.WarmPrefix, .. _shownSets.Select(set => (RedisValue)set)]);
    }

    private async Task TryShowLifeAsync()
    {
        try
        {
            await ShowLifeAsync();
        }
        catch (RedisUnavailableException)
        {
            // With the next renewal, then.
        }
    }

    private void Begin(TakenJob taken)
    {
        // Given away while this worker was not heard, and back before it heard so: it goes on. Begun a second time it would run twice.
        if (_held.TryGetValue(taken.Id, out var held) && held.TryKeep(taken.Entry)) return;
        var (job, fault) = Read(taken.Id, taken.Json);
        var delivery = new RedisDelivery(_redis, Worker, job, taken, _time);
        _held[job.Id] = delivery;
        delivery.Handling = HandleAsync(fault is null ? _handler!.HandleAsync : _ => throw fault, delivery);
    }

    // A newer web process may send what this one can't read: its caller is told, instead of worker after worker stumbling over it.
    private static (ExecutionJob Job, JsonException? Fault) Read(string id, byte[] json)
    {
        try
        {
            return (JobJson.ReadJob(json) with { Id = id }, null);
        }
        catch (JsonException fault)
        {
            return (new ExecutionJob(id, "", []), fault);
        }
    }

    private async Task HandleAsync(Func<IJobDelivery, Task<ExecutionResult>> handler, RedisDelivery delivery)
    {
        long? left = null;
        try
        {
            // An installation may be silent for longer than a job may wait; without packages the start follows at once.
            if (delivery.Job.Packages.Count > 0) delivery.Publish(new JobTaken());
            var result = await handler(delivery);
            // Before the end is told: whoever hears of it and asks for the same again is to find this worker.
            if (delivery.Job.Packages.Count > 0 && !_shownSets.Contains(PackageSet.NameOf(delivery.Job.Packages), StringComparer.Ordinal)) _ = TryShowLifeAsync();
            if (delivery.Stop.Reason is StopReason.ShuttingDown && !delivery.IsStarted) await ReleaseAsync(delivery);
            else left = await FinishAsync(delivery, new JobFinished(Told(result, delivery)));
        }
        catch (DeliveryLostException lost)
        {
            LogLost(delivery.Job.Id, lost.Message);
        }
        catch (RunnerException fault)
        {
            left = await FinishAsync(delivery, new JobFailed(fault.Message));
        }
        catch (Exception fault)
        {
            LogFailed(fault, delivery.Job.Id);
            left = await FinishAsync(delivery, new JobFailed(
                $"The service failed while it ran this call; the code is not at fault. Call again; if it stays so, tell the operator reference {delivery.Job.Id}, which the worker's log explains."));
        }
        finally
        {
            if (left is null or < 0 && delivery.IsStarted) _unannounced.Enqueue(delivery.Entry);
            // Not another of the same job, which came when this one had been given away.
            _held.TryRemove(KeyValuePair.Create(delivery.Job.Id, delivery));
            delivery.Dispose();
            if (left is 0) _taking.WakeIfPassedOver();
            else _taking.Wake();
        }
    }

    private static ExecutionResult Told(ExecutionResult result, RedisDelivery delivery) =>
        delivery.Stop.Reason is StopReason.ShuttingDown && result.Status is ExecutionStatus.Cancelled
            ? result with { Status = ExecutionStatus.WorkerLost, Hint = "The worker that ran this code was shut down and stopped it. What the code had done until then stays done; call again if running it twice is safe." }
            : result;

    // Tried until it is through or the lease is surely over: after that the job is closed by somebody else, and the answer is null. Else it
    // is how many jobs are in the stream.
    private async Task<long?> FinishAsync(RedisDelivery delivery, JobEvent last)
    {
        if (delivery.IsGivenAway) return Late(delivery);
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                var left = (long)await _redis.RunAsync(
                    RedisScript.Finish,
                    [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Job(delivery.Job.Id), RedisKeys.Result(delivery.Job.Id)],
                    RedisKeys.Group, Worker, delivery.Job.Id, JobJson.Write(delivery.Job.Id, last), RedisKeys.Reply(delivery.Web), (long)_options.ResultTtl.TotalMilliseconds);
                return left < 0 ? Late(delivery) : left;
            }
            catch (RedisUnavailableException) when (_time.GetElapsedTime(started) < _options.ResultTtl)
            {
                await Task.Delay(RetryEvery, _time);
            }
            catch (RedisUnavailableException fault)
            {
                LogUnannounced(fault, delivery.Job.Id);
                return null;
            }
        }
    }

    private long Late(RedisDelivery delivery)
    {
        LogLate(delivery.Job.Id);
        return -1;
    }

    private async Task ReleaseAsync(RedisDelivery delivery)
    {
        try
        {
            await _redis.RunAsync(RedisScript.Release, [RedisKeys.Leases, RedisKeys.Job(delivery.Job.Id)], Worker, delivery.Job.Id);
        }
        catch (RedisUnavailableException)
        {
            // Then its lease runs out, with the same end a little later.
        }
    }

    // Takes no more (the loop has ended) → what has not started is handed back → the rest gets its time → what still runs is closed as lost.
    private async Task DrainAsync()
    {
        LogDraining(_held.Count, _drainTime.TotalSeconds);
        foreach (var delivery in Held)
            if (!delivery.IsStarted) delivery.Stop.Request(StopReason.ShuttingDown);
        if (await EndedWithin(_drainTime)) return;
        foreach (var delivery in Held) delivery.Stop.Request(StopReason.ShuttingDown);
        if (!await EndedWithin(StopTime)) LogLeftBehind(_held.Count);
    }

    // Each start adds a consumer to the group; one that is gone for good would stay listed for ever.
    private async Task LeaveAsync()
    {
        try
        {
            await _taking.HandBackAsync();
            // Without it, a take that is still on its way marks nothing as started.
            await _redis.CommandAsync("DEL", (RedisKey)RedisKeys.Worker(Worker));
            await _redis.CommandAsync("XGROUP", "DELCONSUMER", RedisKeys.Jobs, RedisKeys.Group, Worker);
        }
        catch (Exception fault) when (fault is RedisUnavailableException or RedisServerException)
        {
            // Redis is away, or was emptied: then there is nothing to leave.
        }
    }

    private async Task<bool> EndedWithin(TimeSpan limit)
    {
        try
        {
            await Task.WhenAll(Held.Select(delivery => delivery.Handling)).WaitAsync(limit, _time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    [LoggerMessage(520, LogLevel.Warning, "job={Job} was given up: {Reason}")]
    private partial void LogLost(string job, string reason);

    [LoggerMessage(521, LogLevel.Error, "job={Job} failed; the client was given this id as its reference")]
    private partial void LogFailed(Exception fault, string job);

    [LoggerMessage(522, LogLevel.Warning, "job={Job} ended too late: it was closed or given to another worker meanwhile, so its result changes nothing")]
    private partial void LogLate(string job);

    [LoggerMessage(523, LogLevel.Error, "job={Job}: its result could not be stored for as long as it would be kept")]
    private partial void LogUnannounced(Exception fault, string job);

    [LoggerMessage(524, LogLevel.Information, "Stopping: takes no more jobs; {Jobs} in hand get up to {Seconds} s")]
    private partial void LogDraining(int jobs, double seconds);

    [LoggerMessage(525, LogLevel.Error, "{Jobs} jobs did not end although they were stopped; the process ends without them")]
    private partial void LogLeftBehind(int jobs);
}
