using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Looks after jobs whose worker went silent: never started, they are queued again; started, they are closed as lost, since code may have
/// side effects and is never run twice. After jobs, too, that were handed to a worker and never started. Every web and worker process does this; the script makes it safe to do so at once. One task.
/// </summary>
internal sealed partial class StalledJobReclaimer(RedisConnection redis, QueueOptions options, TimeProvider time, ILogger<StalledJobReclaimer> log)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // A job whose taking kills worker after worker before its code starts is not passed on for ever.
    private const int MostAttempts = 3;

    private static readonly byte[] Lost = JobJson.Write("JOBID", new JobFinished(new ExecutionResult
    {
        ReturnCode = ExecutionResult.KilledReturnCode,
        Stdout = "",
        Stderr = "",
        Status = ExecutionStatus.WorkerLost,
        Hint = "The worker that ran this code is gone: it was killed, or lost its connection. What the code had done until then stays done; call again if running it twice is safe.",
    }));

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(end)) await LookAsync();
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var counts = (RedisResult[])(await redis.RunAsync(
                RedisScript.Reclaim, [RedisKeys.Jobs, RedisKeys.Leases],
                RedisKeys.Group, (long)options.SecondLook.TotalMilliseconds, MostAttempts, RedisKeys.JobPrefix, RedisKeys.ResultPrefix, RedisKeys.ReplyPrefix,
                (long)options.ClosedTtl.TotalMilliseconds, RedisKeys.Wake, Lost, (long)(options.LongestLife * 2).TotalMilliseconds))!;
            var (requeued, lost) = ((int)counts[0], (int)counts[1]);
            requeued += (int)await redis.RunAsync(RedisScript.Recall, [RedisKeys.Jobs, RedisKeys.Handed], RedisKeys.Group, RedisKeys.JobPrefix, RedisKeys.Wake, "");
            if (requeued + lost > 0) LogReclaimed(requeued, lost);
        }
        catch (RedisUnavailableException)
        {
            // Looked at again in a second.
        }
    }

    [LoggerMessage(540, LogLevel.Warning, "A worker went silent: {Requeued} of its jobs were queued again, {Lost} were closed as lost")]
    private partial void LogReclaimed(int requeued, int lost);
}
