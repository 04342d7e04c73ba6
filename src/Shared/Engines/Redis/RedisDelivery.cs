using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>One job in this worker's hands. Any thread.</summary>
internal sealed class RedisDelivery(RedisConnection redis, string worker, ExecutionJob job, GivenJob given, QueueOptions options, TimeProvider time) : IJobDelivery, IDisposable
{
    // Half of what a worker may leave a message unanswered (RedisQueueTail).
    private static readonly TimeSpan AnswerAfter = TimeSpan.FromMilliseconds(50);

    private readonly RedisEventPost _post = new(job.IsFollowed, happened => redis.Publish(RedisKeys.Reply(given.Web), JobJson.Write(job.Id, happened)), time);
    // Both clocks tell milliseconds.
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string _entry = given.Entry;
    private volatile bool _started;
    private volatile bool _givenAway;
    private volatile bool _relisted;
    private ITimer? _answer;

    /// <inheritdoc/>
    public ExecutionJob Job { get; } = job;

    /// <inheritdoc/>
    public JobStop Stop { get; } = new();

    /// <summary>The web process that waits for it.</summary>
    public string Web => given.Web;

    /// <summary>Its place in the stream.</summary>
    public string Entry => _entry;

    /// <summary>Whether it came in a message.</summary>
    public bool IsSent => given.IsSent;

    /// <summary>Whether it fills a slot that Redis doesn't count: it was listed again after a flush, or given away and is about to end.</summary>
    public bool IsUncounted => _relisted || _givenAway;

    /// <summary>Whether the job was given away, so that nothing may be told of it.</summary>
    public bool IsGivenAway => _givenAway;

    /// <summary>Whether its code was started, so that it must not run anywhere else.</summary>
    public bool IsStarted => _started;

    /// <summary>Done when the job has been handled, announced and let go.</summary>
    public Task Ended => _ended.Task;

    /// <summary>The job is this worker's again, under another entry.</summary>
    /// <returns>Whether this delivery goes on with it: not one that is being stopped.</returns>
    public bool TryKeep(string entry)
    {
        lock (_lock)
        {
            if (_givenAway || Stop.Reason is not null) return false;
            _entry = entry;
            return true;
        }
    }

    /// <summary>The job was listed again, without an entry.</summary>
    public void Relisted() => _relisted = true;

    /// <summary>The job was given away: stops it here.</summary>
    /// <param name="entry">What its entry was when Redis was asked: if it has come back since, the answer is out of date.</param>
    public void GiveUp(string entry)
    {
        lock (_lock)
        {
            if (_entry != entry) return;
            _givenAway = true;
        }
        Stop.Request(StopReason.ClientGone);
    }

    /// <inheritdoc/>
    public Task MarkStartedAsync()
    {
        if (Stop.Reason is not null) throw new OperationCanceledException("The job was stopped before it started.");
        // A process that was frozen meanwhile has to ask whether the job is still its own, and one whose clock, or Redis's, has leapt.
        var age = time.GetElapsedTime(given.Given);
        if (!given.IsMarked || age > options.StartTime || age < -ClocksDiffer) return AskToStartAsync();
        _started = true;
        Publish(new JobStarted());
        // Its end would tell that its message has come, and may be far away: until then all that comes after it would go the longer way.
        if (IsSent) _answer = time.CreateTimer(_ => redis.Forget(RedisKeys.Unanswered(worker)), null, AnswerAfter, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Publish(JobEvent happened) => _post.Send(happened);

    /// <inheritdoc/>
    public void Dispose()
    {
        _answer?.Dispose();
        _post.Dispose();
        Stop.Dispose();
        _ended.SetResult();
    }

    private async Task AskToStartAsync()
    {
        try
        {
            while (true)
            {
                var entry = _entry;
                switch ((string?)await redis.RunAsync(
                    RedisScript.Start, [RedisKeys.Job(Job.Id), RedisKeys.Leases, RedisKeys.Handed, RedisKeys.Unanswered(worker)],
                    worker, RedisKeys.Reply(Web), JobJson.Write(Job.Id, new JobStarted()), Job.Id, (long)options.Lease.TotalMilliseconds, entry, IsSent))
                {
                    case "ok":
                        _started = true;
                        return;
                    case "cancelled":
                        Stop.Request(StopReason.ClientCancelled);
                        Stop.Token.ThrowIfCancellationRequested();
                        throw new OperationCanceledException("The job was cancelled before it started.");
                    case var _ when IsLost(entry):
                        throw new DeliveryLostException("its lease ran out before it started, so another worker has it");
                }
            }
        }
        catch (RedisUnavailableException fault)
        {
            // Without the mark somebody else might run it too.
            throw new DeliveryLostException(fault.Message);
        }
    }

    // Unless it has come back since that was asked.
    private bool IsLost(string entry)
    {
        lock (_lock)
        {
            if (_entry == entry) _givenAway = true;
            return _givenAway;
        }
    }
}
