using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The web side: puts jobs into the stream, after it listens for what becomes of them. Any thread.</summary>
internal sealed class RedisJobSender(RedisConnection redis, RedisReplies replies, QueueOptions options) : IJobSender
{
    // The sender gives up by itself at the queue's time-out; Redis drops the job a little later, for a sender that is gone.
    private static readonly TimeSpan DeadlineMargin = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<ISentJob> SendAsync(ExecutionJob job, CancellationToken cancel)
    {
        await replies.EnsureListeningAsync();
        var sent = replies.Expect(job.Id);
        try
        {
            cancel.ThrowIfCancellationRequested();
            var ahead = (int)await redis.RunAsync(
                RedisScript.Send,
                [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Job(job.Id), RedisKeys.Web(replies.Web)],
                job.Id, JobJson.Write(job), replies.Web, options.QueueLimit,
                (long)(options.QueueTimeout + DeadlineMargin).TotalMilliseconds, (long)(options.QueueTimeout + options.LongestRun).TotalMilliseconds,
                RedisKeys.Wake, (long)options.Lease.TotalMilliseconds, job.Packages.Count);
            if (ahead < 0)
                throw new RunnerException($"The service is busy: {options.QueueLimit} calls wait, which is the limit. Call again in a few seconds.");
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
}
