using System.Threading.Channels;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>One job that this web process waits for. Events are added by any thread, those that say it again are dropped, and read by one.</summary>
internal sealed class RedisSentJob(string jobId, RedisQueueTail tail, long now, Action<string> forget) : ISentJob
{
    // Bounded in bytes by what a worker streams at most (MAX_OUTPUT_BYTES of each stream).
    private readonly Channel<JobEvent> _events = Channel.CreateUnbounded<JobEvent>(new UnboundedChannelOptions { SingleReader = true });
    private long _nextSequence;
    private long _lastHeard = now;

    /// <summary>The job.</summary>
    public string JobId { get; } = jobId;

    /// <summary>When something was last heard of it (a time stamp of the clock).</summary>
    public long LastHeard => Volatile.Read(ref _lastHeard);

    /// <summary>Whether anything was heard of it since it was sent.</summary>
    public bool IsHeard { get; private set; }

    /// <summary>Since when Redis doesn't know it; null while it does. Belongs to the checking loop.</summary>
    public long? MissingSince { get; set; }

    /// <inheritdoc/>
    public async ValueTask<JobEvent> NextAsync(CancellationToken cancel)
    {
        try
        {
            return await _events.Reader.ReadAsync(cancel);
        }
        catch (ChannelClosedException closed) when (closed.InnerException is RunnerException lost)
        {
            throw new RunnerException(lost.Message, lost);
        }
    }

    /// <summary>Hands an event on, unless it is a repetition.</summary>
    public void Add(JobEvent happened, long now)
    {
        Volatile.Write(ref _lastHeard, now);
        IsHeard = true;
        if (happened is OutputChunk chunk && Interlocked.Exchange(ref _nextSequence, chunk.Sequence + 1) > chunk.Sequence) return;
        if (!_events.Writer.TryWrite(happened)) return;
        if (happened is JobFinished or JobFailed) _events.Writer.TryComplete();
    }

    /// <summary>Ends the wait: nobody knows the job any more.</summary>
    public void GiveUp() => _events.Writer.TryComplete(new RunnerException(
        "The call got lost: the service's queue was emptied or failed over while the call was under way. Whether its code ran is unknown; call again if running it twice is safe."));

    /// <inheritdoc/>
    public async Task CancelAsync()
    {
        try
        {
            if (await tail.CancelAsync(JobId)) Add(new JobFinished(ExecutionResult.StoppedBeforeStart), LastHeard);
        }
        catch (RedisUnavailableException)
        {
            _ = CancelLaterAsync();
        }
    }

    private async Task CancelLaterAsync()
    {
        if (await tail.CancelUntilHeardAsync(JobId)) Add(new JobFinished(ExecutionResult.StoppedBeforeStart), LastHeard);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        forget(JobId);
        _events.Writer.TryComplete();
    }
}
