using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The web side: puts jobs into the stream, after it listens for what becomes of them. Any thread.</summary>
internal sealed class RedisJobSender(RedisConnection redis, RedisReplies replies, QueueOptions options, TimeProvider time) : IJobSender
{
    // The sender gives up by itself at the queue's time-out; Redis drops the job a little later, for a sender that is gone.
    private static readonly TimeSpan DeadlineMargin = TimeSpan.FromSeconds(5);

    // A worker takes what it was handed within a millisecond or two. Making the smallest environment takes half a second, so whoever is free
    // would not have it earlier than this.
    private static readonly TimeSpan HandedTime = TimeSpan.FromMilliseconds(300);

    // When others recall it, if its sender is gone or could not.
    private static readonly TimeSpan HandedLimit = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<ISentJob> SendAsync(ExecutionJob job, CancellationToken cancel)
    {
        await replies.EnsureListeningAsync();
        var sent = replies.Expect(job.Id);
        try
        {
            cancel.ThrowIfCancellationRequested();
            var answer = (RedisResult[])(await redis.RunAsync(
                RedisScript.Send,
                [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Job(job.Id), RedisKeys.Web(replies.Web), RedisKeys.Warm(PackageSet.NameOf(job.Packages)), RedisKeys.Handed],
                job.Id, JobJson.Write(job), replies.Web, options.QueueLimit,
                (long)(options.QueueTimeout + DeadlineMargin).TotalMilliseconds, (long)(options.QueueTimeout + options.LongestRun).TotalMilliseconds,
                RedisKeys.Wake, (long)options.Lease.TotalMilliseconds, job.Packages.Count,
                RedisKeys.Group, RedisKeys.WorkerPrefix, RedisKeys.LanePrefix, RedisKeys.LaneWakePrefix,
                (long)HandedLimit.TotalMilliseconds))!;
            if ((int)answer[0] < 0)
                throw new RunnerException($"The service is busy: {options.QueueLimit} calls wait, which is the limit. Call again in a few seconds.");
            if ((int)answer[1] == 1) _ = RecallUnlessHeardAsync(sent);
            return sent;
        }
        catch (RedisUnavailableException fault)
        {
            // It may have got in all the same, its answer lost: behind it on the same connection goes what takes it out again.
            _ = sent.CancelAsync();
            sent.Dispose();
            throw new RunnerException(
                fault.IsFull
                    ? "The service is busy: its queue holds as much as it may. Call again in a few seconds."
                    : "The service's queue can't be reached at the moment, so the code was not run. Call again in a few seconds.", fault);
        }
        catch
        {
            sent.Dispose();
            throw;
        }
    }

    // The worker that it was handed to may be frozen, or on its way out.
    private async Task RecallUnlessHeardAsync(RedisSentJob sent)
    {
        await Task.Delay(HandedTime, time);
        if (sent.IsHeard) return;
        try
        {
            await redis.RunAsync(RedisScript.Recall, [RedisKeys.Jobs, RedisKeys.Handed], RedisKeys.Group, RedisKeys.JobPrefix, RedisKeys.Wake, sent.JobId);
        }
        catch (RedisUnavailableException)
        {
            // Then others recall it, a little later.
        }
    }
}
