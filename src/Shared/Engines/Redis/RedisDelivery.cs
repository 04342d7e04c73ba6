using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>One job in this worker's hands. Any thread.</summary>
internal sealed class RedisDelivery(RedisConnection redis, string worker, ExecutionJob job, TakenJob taken, TimeProvider time) : IJobDelivery, IDisposable
{
    // How long the mark that came with the take is good for: a process that was frozen meanwhile has to ask whether the job is still its own.
    private static readonly TimeSpan MarkHolds = TimeSpan.FromSeconds(1);

    private readonly RedisEventPost _post = new(job.IsFollowed, happened => redis.Publish(RedisKeys.Reply(taken.Web), JobJson.Write(job.Id, happened)), time);
    private volatile bool _started;

    /// <inheritdoc/>
    public ExecutionJob Job { get; } = job;

    /// <inheritdoc/>
    public JobStop Stop { get; } = new();

    /// <summary>The web process that waits for it.</summary>
    public string Web => taken.Web;

    /// <summary>Its place in the stream.</summary>
    public string Entry => taken.Entry;

    /// <summary>Whether its code was started, so that it must not run anywhere else.</summary>
    public bool IsStarted => _started;

    /// <summary>Done when the job has been handled, announced and let go.</summary>
    public Task Handling { get; set; } = Task.CompletedTask;

    /// <inheritdoc/>
    public Task MarkStartedAsync()
    {
        if (Stop.Reason is not null) throw new OperationCanceledException("The job was stopped before it started.");
        if (!taken.IsMarked || time.GetElapsedTime(taken.Asked) > MarkHolds) return AskToStartAsync();
        _started = true;
        Publish(new JobStarted());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Publish(JobEvent happened) => _post.Send(happened);

    /// <inheritdoc/>
    public void Dispose()
    {
        _post.Dispose();
        Stop.Dispose();
    }

    private async Task AskToStartAsync()
    {
        try
        {
            switch ((string?)await redis.RunAsync(RedisScript.Start, [RedisKeys.Job(Job.Id)], worker, RedisKeys.Reply(Web), JobJson.Write(Job.Id, new JobStarted())))
            {
                case "ok":
                    _started = true;
                    return;
                case "cancelled":
                    Stop.Request(StopReason.ClientCancelled);
                    Stop.Token.ThrowIfCancellationRequested();
                    throw new OperationCanceledException("The job was cancelled before it started.");
                default:
                    throw new DeliveryLostException("its lease ran out before it started, so another worker has it");
            }
        }
        catch (RedisUnavailableException fault)
        {
            // Without the mark somebody else might run it too.
            throw new DeliveryLostException(fault.Message);
        }
    }
}
