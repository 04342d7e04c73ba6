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
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(4);

    // Every worker is ready for jobs without any.
    private static readonly string NoPackages = PackageSet.NameOf([]);

    private readonly RedisConnection _redis;
    private readonly QueueOptions _options;
    private readonly TimeSpan _drainTime;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisJobReceiver> _log;
    private readonly ConcurrentDictionary<string, RedisDelivery> _held = new(StringComparer.Ordinal);
    private readonly RedisClock _clock;
    private readonly RedisTakeLoop _taking;
    private readonly RedisUnheardJobs _unheard;
    private readonly RedisJobEnd _end;

    // Whoever begins a job holds it, so that none begins once the end of the beginning was decided.
    private readonly Lock _beginning = new();

    // Entries of jobs that ran here and whose end Redis was never told: they must not look as if they had never begun.
    private readonly ConcurrentQueue<string> _unannounced = new();
    private IJobHandler? _handler;
    private volatile bool _stopping;
    private volatile IReadOnlyCollection<string> _shownSets = [];

    public RedisJobReceiver(RedisConnection redis, QueueOptions options, TimeSpan drainTime, TimeProvider time, ILogger<RedisJobReceiver> log)
    {
        (_redis, _options, _drainTime, _time, _log) = (redis, options, drainTime, time, log);
        _clock = new RedisClock(time);
        var giving = new RedisGiving(options, Worker);
        _taking = new RedisTakeLoop(redis, giving, () => _handler!.Slots - _held.Count, Begin, time);
        _end = new RedisJobEnd(redis, giving, options, Worker, time, log);
        _unheard = new RedisUnheardJobs(redis, options, Worker, _clock, () => Held.Select(delivery => delivery.Entry).Concat(_unannounced), log);
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
        await _redis.SubscribeAsync(RedisKeys.Hand(Worker), Receive);
        await TryShowLifeAsync();
        await _taking.RunAsync(stop);
        lock (_beginning) _stopping = true;
        await TryShowLifeAsync();
        // What was on its way meanwhile.
        await TryAsync(_unheard.HandAllBackAsync);
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
    public Task HandBackAsync() => _unheard.HandBackAsync();

    /// <summary>Shows that this worker lives, how many jobs it may have in its hands, and what it has ready.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public async Task ShowLifeAsync()
    {
        _shownSets = _handler is null ? [] : [NoPackages, .. _handler.Warmth.Sets];
        Task<RedisResult> sent;
        var asked = _time.GetTimestamp();
        // Sent in the same order as it was looked: one that shows slots must not come behind the one that shows none any more.
        lock (_beginning)
        {
            var slots = _stopping || _handler is null ? 0 : Math.Max(0, _handler.Slots - Held.Count(delivery => delivery.IsUncounted));
            sent = _redis.RunAsync(
                RedisScript.Alive, [RedisKeys.Worker(Worker)],
                [Worker, slots, (long)_options.Lease.TotalMilliseconds, RedisKeys.WarmPrefix, .. _shownSets.Select(set => (RedisValue)set)]);
        }
        _clock.Told((long)await sent, asked);
    }

    private Task TryShowLifeAsync() => TryAsync(ShowLifeAsync);

    private static async Task TryAsync(Func<Task> duty)
    {
        try
        {
            await duty();
        }
        catch (RedisUnavailableException)
        {
            // With the next renewal, then.
        }
    }

    private void Receive(byte[] message)
    {
        if (GivenJob.FromMessage(message, _clock) is { } given) Begin(given);
        else LogUnreadable(message.Length);
    }

    private void Begin(GivenJob given)
    {
        var (job, fault) = Read(given.Id, given.Json);
        RedisDelivery delivery;
        lock (_beginning)
        {
            if (_stopping)
            {
                _ = _end.ReleaseAsync(given.Id, given.Entry);
                return;
            }
            // A message that comes late, of a job that has come another way since; or a job that was given away while this worker was not
            // heard, and is back before it heard so: it goes on. Begun a second time it would run twice.
            if (_held.TryGetValue(given.Id, out var held) && (!given.IsAfter(held.Entry) || held.TryKeep(given.Entry))) return;
            delivery = _held[job.Id] = new RedisDelivery(_redis, Worker, job, given, _options, _time);
        }
        _ = HandleAsync(fault is null ? _handler!.HandleAsync : _ => throw fault, delivery);
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
        (bool IsSettled, IReadOnlyList<GivenJob> Next) end = (false, []);
        try
        {
            // An installation may be silent for longer than a job may wait; without packages the start follows at once.
            if (delivery.Job.Packages.Count > 0) delivery.Publish(new JobTaken());
            var result = await handler(delivery);
            // Before the end is told: whoever hears of it and asks for the same again is to find this worker.
            if (delivery.Job.Packages.Count > 0 && !_shownSets.Contains(PackageSet.NameOf(delivery.Job.Packages), StringComparer.Ordinal)) _ = TryShowLifeAsync();
            if (delivery.Stop.Reason is StopReason.ShuttingDown && !delivery.IsStarted) await _end.ReleaseAsync(delivery.Job.Id, delivery.Entry);
            else end = await FinishAsync(delivery, new JobFinished(Told(result, delivery)));
        }
        catch (DeliveryLostException lost)
        {
            LogLost(delivery.Job.Id, lost.Message);
        }
        catch (NoSlotException full)
        {
            LogLost(delivery.Job.Id, full.Message);
            await _end.ReleaseAsync(delivery.Job.Id, delivery.Entry);
        }
        catch (RunnerException fault)
        {
            end = await FinishAsync(delivery, new JobFailed(fault.Message));
        }
        catch (Exception fault)
        {
            LogFailed(fault, delivery.Job.Id);
            end = await FinishAsync(delivery, new JobFailed(
                $"The service failed while it ran this call; the code is not at fault. Call again; if it stays so, tell the operator reference {delivery.Job.Id}, which the worker's log explains."));
        }
        finally
        {
            if (!end.IsSettled && delivery.IsStarted) _unannounced.Enqueue(delivery.Entry);
            // Not another of the same job, which came when this one had been given away.
            _held.TryRemove(KeyValuePair.Create(delivery.Job.Id, delivery));
            delivery.Dispose();
            foreach (var next in end.Next) Begin(next);
            if (end.IsSettled && !delivery.IsGivenAway) _taking.WakeIfPassedOver();
            else _taking.Wake();
        }
    }

    private Task<(bool IsSettled, IReadOnlyList<GivenJob> Next)> FinishAsync(RedisDelivery delivery, JobEvent last) =>
        _end.FinishAsync(delivery, last, takesNext: !_stopping && _handler!.Slots >= _held.Count);

    private static ExecutionResult Told(ExecutionResult result, RedisDelivery delivery) =>
        delivery.Stop.Reason is StopReason.ShuttingDown && result.Status is ExecutionStatus.Cancelled
            ? result with { Status = ExecutionStatus.WorkerLost, Hint = "The worker that ran this code was shut down and stopped it. What the code had done until then stays done; call again if running it twice is safe." }
            : result;

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
            await _unheard.HandAllBackAsync();
            // Without it, a take that is still on its way marks nothing as started.
            await _redis.CommandAsync("DEL", (RedisKey)RedisKeys.Worker(Worker), (RedisKey)RedisKeys.Unanswered(Worker));
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
            await Task.WhenAll(Held.Select(delivery => delivery.Ended)).WaitAsync(limit, _time);
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

    [LoggerMessage(527, LogLevel.Warning, "A message of {Bytes} bytes is no job that this version can read; whatever it was is handed back. Update web and worker together")]
    private partial void LogUnreadable(int bytes);

    [LoggerMessage(524, LogLevel.Information, "Stopping: takes no more jobs; {Jobs} in hand get up to {Seconds} s")]
    private partial void LogDraining(int jobs, double seconds);

    [LoggerMessage(525, LogLevel.Error, "{Jobs} jobs did not end although they were stopped; the process ends without them")]
    private partial void LogLeftBehind(int jobs);
}
