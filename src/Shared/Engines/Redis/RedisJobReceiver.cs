using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// The worker's loop: woken by a message, or by a slow poll when that got lost, it takes no more jobs than there are free slots, calls the
/// handler for each, and ends each with one transaction. <see cref="RunAsync"/> is called once; the rest happens on its tasks.
/// </summary>
internal sealed partial class RedisJobReceiver(
    RedisConnection redis, QueueOptions options, TimeSpan drainTime, TimeProvider time, ILogger<RedisJobReceiver> log) : IJobReceiver, IDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(4);

    // Few at a time, so that one worker with many free slots doesn't take a burst that others could share.
    private const int MostAtOnce = 2;

    private readonly ConcurrentDictionary<string, RedisDelivery> _held = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);

    /// <summary>This process's name in the consumer group, new at each start.</summary>
    public string Worker { get; } = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>The jobs in this process's hands.</summary>
    public ICollection<RedisDelivery> Held => _held.Values;

    /// <inheritdoc/>
    public async Task RunAsync(IJobHandler handler, CancellationToken stop)
    {
        redis.Restored += Wake;
        await redis.SubscribeAsync(RedisKeys.Wake, _ => Wake());
        await redis.SubscribeAsync(RedisKeys.Cancel(Worker), id => Stop(System.Text.Encoding.UTF8.GetString(id), StopReason.ClientCancelled));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                while (!stop.IsCancellationRequested && await TakeAsync(handler)) { }
                await SleepAsync(stop);
            }
            catch (RedisUnavailableException)
            {
                // The connection's own log lines tell. Jobs in hand run on; their leases are renewed when Redis is back.
                await SleepAsync(stop);
            }
        }
        await DrainAsync();
        await LeaveAsync();
    }

    /// <summary>Stops a job in hand; nothing happens when it isn't.</summary>
    public void Stop(string jobId, StopReason reason)
    {
        if (_held.TryGetValue(jobId, out var delivery)) delivery.Stop.Request(reason);
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    // Whether there may be more to take at once.
    private async Task<bool> TakeAsync(IJobHandler handler)
    {
        var most = Math.Min(handler.Slots - _held.Count, MostAtOnce);
        if (most <= 0) return false;
        var taken = (RedisResult[])(await redis.RunAsync(
            RedisScript.Take, [RedisKeys.Jobs, RedisKeys.Leases],
            RedisKeys.Group, Worker, most, (long)options.Lease.TotalMilliseconds, RedisKeys.JobPrefix, RedisKeys.WebPrefix, (long)options.SecondLook.TotalMilliseconds))!;
        for (var i = 0; i + 2 < taken.Length; i += 3)
        {
            var (job, fault) = Read((string)taken[i]!, (byte[])taken[i + 1]!);
            var delivery = new RedisDelivery(redis, Worker, job, (string)taken[i + 2]!);
            _held[delivery.Job.Id] = delivery;
            delivery.Handling = HandleAsync(fault is null ? handler.HandleAsync : _ => throw fault, delivery);
        }
        // Fewer than asked for: the queue is empty, and whoever fills it sends a wake-up.
        return taken.Length == most * 3;
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
        try
        {
            // An installation may be silent for longer than a job may wait; without packages the start follows at once.
            if (delivery.Job.Packages.Count > 0) delivery.Publish(new JobTaken());
            var result = await handler(delivery);
            if (delivery.Stop.Reason is StopReason.ShuttingDown && !delivery.IsStarted) await ReleaseAsync(delivery);
            else await FinishAsync(delivery, new JobFinished(Told(result, delivery)));
        }
        catch (DeliveryLostException lost)
        {
            LogLost(delivery.Job.Id, lost.Message);
        }
        catch (RunnerException fault)
        {
            await FinishAsync(delivery, new JobFailed(fault.Message));
        }
        catch (Exception fault)
        {
            LogFailed(fault, delivery.Job.Id);
            await FinishAsync(delivery, new JobFailed(
                $"The service failed while it ran this call; the code is not at fault. Call again; if it stays so, tell the operator reference {delivery.Job.Id}, which the worker's log explains."));
        }
        finally
        {
            _held.TryRemove(delivery.Job.Id, out _);
            delivery.Dispose();
            Wake();
        }
    }

    private static ExecutionResult Told(ExecutionResult result, RedisDelivery delivery) =>
        delivery.Stop.Reason is StopReason.ShuttingDown && result.Status is ExecutionStatus.Cancelled
            ? result with { Status = ExecutionStatus.WorkerLost, Hint = "The worker that ran this code was shut down and stopped it. What the code had done until then stays done; call again if running it twice is safe." }
            : result;

    // Tried until it is through or the lease is surely over: after that the job is closed by somebody else.
    private async Task FinishAsync(RedisDelivery delivery, JobEvent last)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var accepted = (int)await redis.RunAsync(
                    RedisScript.Finish,
                    [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Job(delivery.Job.Id), RedisKeys.Result(delivery.Job.Id)],
                    RedisKeys.Group, Worker, delivery.Job.Id, JobJson.Write(delivery.Job.Id, last), RedisKeys.Reply(delivery.Web), (long)options.ResultTtl.TotalMilliseconds);
                if (accepted == 0) LogLate(delivery.Job.Id);
                return;
            }
            catch (RedisUnavailableException) when (time.GetElapsedTime(started) < options.ResultTtl)
            {
                await Task.Delay(PollEvery, time);
            }
            catch (RedisUnavailableException fault)
            {
                LogUnannounced(fault, delivery.Job.Id);
                return;
            }
        }
    }

    private async Task ReleaseAsync(RedisDelivery delivery)
    {
        try
        {
            await redis.RunAsync(RedisScript.Release, [RedisKeys.Leases, RedisKeys.Job(delivery.Job.Id)], Worker, delivery.Job.Id);
        }
        catch (RedisUnavailableException)
        {
            // Then its lease runs out, with the same end a little later.
        }
    }

    // Takes no more (the loop has ended) → what has not started is handed back → the rest gets its time → what still runs is closed as lost.
    private async Task DrainAsync()
    {
        LogDraining(_held.Count, drainTime.TotalSeconds);
        foreach (var delivery in Held)
            if (!delivery.IsStarted) delivery.Stop.Request(StopReason.ShuttingDown);
        if (await EndedWithin(drainTime)) return;
        foreach (var delivery in Held) delivery.Stop.Request(StopReason.ShuttingDown);
        if (!await EndedWithin(StopTime)) LogLeftBehind(_held.Count);
    }

    // Each start adds a consumer to the group; one that is gone for good would stay listed for ever.
    private async Task LeaveAsync()
    {
        try
        {
            await redis.CommandAsync("XGROUP", "DELCONSUMER", RedisKeys.Jobs, RedisKeys.Group, Worker);
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
            await Task.WhenAll(Held.Select(delivery => delivery.Handling)).WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task SleepAsync(CancellationToken stop)
    {
        using var tick = new CancellationTokenSource(PollEvery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, stop);
        await _wake.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake, or about to be.
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
