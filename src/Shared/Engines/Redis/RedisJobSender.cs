using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>The web side: puts jobs into the stream, after it listens for what becomes of them. Any thread.</summary>
internal sealed class RedisJobSender(RedisConnection redis, RedisReplies replies, RedisQueueTail tail, QueueOptions options, TimeProvider time) : IJobSender
{
    // A worker begins with what it was handed within a millisecond or two. Making the smallest environment takes half a second, so whoever is free
    // would not have it earlier than this.
    private static readonly TimeSpan HandedTime = TimeSpan.FromMilliseconds(300);

    /// <inheritdoc/>
    public async Task<ISentJob> SendAsync(ExecutionJob job, CancellationToken cancel)
    {
        await replies.EnsureListeningAsync();
        var sent = replies.Expect(job.Id);
        try
        {
            cancel.ThrowIfCancellationRequested();
            if (await tail.AddAsync(job, replies.Web, options.Lease)) _ = RecallUnlessHeardAsync(sent);
            return sent;
        }
        catch (RedisUnavailableException fault)
        {
            // It may have got in all the same, its answer lost.
            if (fault.Fault is RedisFault.Unanswered) _ = sent.CancelAsync();
            sent.Dispose();
            throw RedisQueueTail.Refused(fault);
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
