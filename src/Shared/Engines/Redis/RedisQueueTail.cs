using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The end of the queue, where jobs are put, and whence they are called back. Any thread.</summary>
internal sealed class RedisQueueTail(RedisConnection redis, QueueOptions options, TimeProvider time)
{
    // The sender gives up by itself at the queue's time-out; Redis drops the job a little later, for a sender that is gone.
    private static readonly TimeSpan DeadlineMargin = TimeSpan.FromSeconds(5);

    // A worker that has left a job without packages unanswered for longer may be frozen: it is sent no more. Most calls are over by then.
    private static readonly TimeSpan UnansweredLimit = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan CancelAgainAfter = TimeSpan.FromSeconds(1);

    // When others recall it, if its sender is gone or could not. A worker that has it shows that with its next renewal.
    private TimeSpan HandedLimit => options.RenewEvery * 2;

    private readonly RedisClock _clock = new(time);

    /// <summary>Puts a job into the queue.</summary>
    /// <param name="job">The job.</param>
    /// <param name="web">Whom its events are for, and whose sign of life it needs.</param>
    /// <param name="life">How long that sign of life lasts from now.</param>
    /// <returns>Whether it was handed to a warm worker, which must ask before it starts.</returns>
    /// <exception cref="RunnerException">Too many wait.</exception>
    /// <exception cref="RedisUnavailableException">No answer in time; it may have got in all the same.</exception>
    public async Task<bool> AddAsync(ExecutionJob job, string web, TimeSpan life)
    {
        // What isn't answered stays in the client library's list until the connection breaks, so no more is put there.
        if (redis.IsSilent) throw new RedisUnavailableException($"Redis at {redis.Address} does not answer.", RedisFault.NotDone);
        var asked = time.GetTimestamp();
        var answer = (RedisResult[])(await redis.RunAsync(
            RedisScript.Send,
            [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Job(job.Id), RedisKeys.Web(web), RedisKeys.Warm(PackageSet.NameOf(job.Packages)), RedisKeys.Handed],
            // Every job is in the queue for a moment, so that none may wait means that none is ahead of it.
            job.Id, JobJson.Write(job), web, Math.Max(1, options.QueueLimit),
            (long)(options.QueueTimeout + DeadlineMargin).TotalMilliseconds, (long)options.LongestLife.TotalMilliseconds,
            RedisKeys.Wake, (long)life.TotalMilliseconds, job.Packages.Count,
            RedisKeys.Group, RedisKeys.WorkerPrefix, RedisKeys.HandPrefix,
            (long)HandedLimit.TotalMilliseconds, (long)options.Lease.TotalMilliseconds, (long)UnansweredLimit.TotalMilliseconds, RedisKeys.UnansweredPrefix,
            _clock.Now + (long)options.CommandTimeout.TotalMilliseconds))!;
        _clock.Told((long)answer[2], asked);
        if ((int)answer[0] < 0)
            throw new RunnerException($"The service is busy: {options.QueueLimit} calls wait (QUEUE_LIMIT), which is the limit. Call again in a few seconds.");
        return (int)answer[1] == 1;
    }

    /// <summary>Cancels a job. The script is sent whole: what was asked happens even when Redis answers too late to be heard.</summary>
    /// <returns>Whether it was dropped before its code started; else whoever runs it was told.</returns>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public async Task<bool> CancelAsync(string jobId) => (string?)await redis.RunWholeAsync(
        RedisScript.Cancel,
        [RedisKeys.Jobs, RedisKeys.Job(jobId), RedisKeys.Handed, RedisKeys.Result(jobId)],
        RedisKeys.Group, jobId, RedisKeys.CancelPrefix, JobJson.Write(jobId, new JobFinished(ExecutionResult.StoppedBeforeStart)), (long)options.ClosedTtl.TotalMilliseconds) == "dropped";

    /// <summary>Cancels a job as soon as Redis answers, if it does while the job may still be there.</summary>
    /// <returns>Whether it was dropped before its code started.</returns>
    public async Task<bool> CancelUntilHeardAsync(string jobId)
    {
        var since = time.GetTimestamp();
        while (!redis.Closed.IsCancellationRequested && time.GetElapsedTime(since) < options.LongestLife)
        {
            try
            {
                return await CancelAsync(jobId);
            }
            catch (RedisUnavailableException)
            {
                await Task.Delay(CancelAgainAfter, time, redis.Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        return false;
    }

    /// <summary>What a caller is told whose job could not be put into the queue.</summary>
    public static RunnerException Refused(RedisUnavailableException fault) => new(
        fault.Fault switch
        {
            RedisFault.Full => "The service is busy: its queue holds as much as it may. Call again in a few seconds.",
            RedisFault.NotDone => "The service's queue can't be reached at the moment, so the code was not run. Call again in a few seconds.",
            _ => "The service's queue can't be reached at the moment: it did not answer, so whether the code runs is unknown. It is cancelled as soon as the queue "
                + "answers. Call again in a few seconds if running it twice is safe.",
        },
        fault);
}
