using System.Threading.Channels;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;

namespace CodeExec.Tests.Queue;

/// <summary>A queue whose one job does what the test says.</summary>
internal sealed class ScriptedSender : IJobSender, ISentJob
{
    private readonly Channel<JobEvent> _events = Channel.CreateUnbounded<JobEvent>();
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set: the queue refuses with these words.</summary>
    public string? Refuses { get; init; }

    /// <summary>What follows when the sender asks for the job to be stopped; null for silence.</summary>
    public JobEvent? WhenCancelled { get; init; }

    /// <summary>Done when the sender asked.</summary>
    public Task Cancelled => _cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));

    public bool IsCancelled => _cancelled.Task.IsCompleted;

    public bool IsDisposed { get; private set; }

    public void Happens(JobEvent happened) => _events.Writer.TryWrite(happened);

    /// <summary>Nobody knows the job any more.</summary>
    public void Forget(string message) => _events.Writer.TryComplete(new RunnerException(message));

    public Task<ISentJob> SendAsync(ExecutionJob job, CancellationToken cancel) =>
        Refuses is null ? Task.FromResult<ISentJob>(this) : Task.FromException<ISentJob>(new RunnerException(Refuses));

    public async ValueTask<JobEvent> NextAsync(CancellationToken cancel)
    {
        try
        {
            return await _events.Reader.ReadAsync(cancel);
        }
        catch (ChannelClosedException closed)
        {
            throw new RunnerException(closed.InnerException!.Message, closed);
        }
    }

    public Task CancelAsync()
    {
        if (_cancelled.TrySetResult() && WhenCancelled is not null) Happens(WhenCancelled);
        return Task.CompletedTask;
    }

    public void Dispose() => IsDisposed = true;
}
