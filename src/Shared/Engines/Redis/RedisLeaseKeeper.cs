using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Keeps a worker's claim on the jobs in its hands fresh, and hears with the same question which of them it should stop: those that were
/// given to others while it was frozen, those whose cancel message got lost, those whose web process is gone. Hands back, too, what never
/// arrived. One task.
/// </summary>
internal sealed partial class RedisLeaseKeeper(RedisConnection redis, RedisJobReceiver receiver, QueueOptions options, TimeProvider time, ILogger<RedisLeaseKeeper> log)
{
    /// <summary>Renews until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        using var timer = new PeriodicTimer(options.RenewEvery, time);
        do
        {
            try
            {
                await RenewAsync();
                await receiver.HandBackAsync();
            }
            catch (RedisUnavailableException)
            {
                // The jobs run on; a lease is given a second look before anything is decided on it.
            }
        }
        while (await NextAsync(timer, end));
    }

    private async Task RenewAsync()
    {
        await receiver.ShowLifeAsync();
        var held = receiver.Held.ToDictionary(delivery => delivery.Job.Id, delivery => (Delivery: delivery, delivery.Entry), StringComparer.Ordinal);
        if (held.Count == 0) return;
        RedisValue[] arguments =
        [
            receiver.Worker, (long)options.Lease.TotalMilliseconds, (long)options.LongestRun.TotalMilliseconds, RedisKeys.JobPrefix, RedisKeys.ResultPrefix, RedisKeys.WebPrefix,
            (long)options.SecondLook.TotalMilliseconds,
            .. held.Values.SelectMany(asked => new RedisValue[] { asked.Delivery.Job.Id, asked.Delivery.Web, asked.Delivery.IsStarted ? "started" : "taken" }),
        ];
        var answers = (RedisResult[])(await redis.RunAsync(RedisScript.Renew, [RedisKeys.Leases, RedisKeys.Handed], arguments))!;
        var isCountedAgain = false;
        for (var i = 0; i + 1 < answers.Length; i += 2)
        {
            var (job, verdict) = ((string)answers[i]!, (string?)answers[i + 1]);
            var (delivery, entry) = held[job];
            // While Redis was asked.
            if (delivery.Ended.IsCompleted) continue;
            if (verdict == "relisted")
            {
                delivery.Relisted();
                isCountedAgain = true;
                continue;
            }
            LogStopped(job, verdict);
            if (verdict == "lost") delivery.GiveUp(entry);
            else receiver.Stop(job, verdict == "cancelled" ? StopReason.ClientCancelled : StopReason.ClientGone);
        }
        // Redis doesn't count what it lists without an entry: fewer slots are free than it would think.
        if (isCountedAgain) await receiver.ShowLifeAsync();
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken end)
    {
        try
        {
            return await timer.WaitForNextTickAsync(end);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(530, LogLevel.Information, "job={Job} is stopped: {Verdict}")]
    private partial void LogStopped(string job, string? verdict);
}
