using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;

namespace CodeExec.Shared.Queue;

/// <summary>The web side of a queue engine: sends a job and hears what becomes of it.</summary>
/// <remarks>
/// To implementers: called from many threads. What comes back must reach the sender although messages get lost and the engine's server
/// goes away for a while: a finished job's result is kept for some minutes, and looked for by whoever still waits.
/// </remarks>
public interface IJobSender
{
    /// <summary>Puts a job into the queue. The sender listens before the job can start, so nothing is missed.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancel">Ends the attempt; a job that got into the queue all the same is dropped again.</param>
    /// <exception cref="RunnerException">The queue is full, or can't be reached; the text may be shown to the client.</exception>
    Task<ISentJob> SendAsync(ExecutionJob job, CancellationToken cancel);
}

/// <summary>A job in the queue, as its sender sees it. Dispose it when nothing more is wanted: the sender then listens no longer.</summary>
public interface ISentJob : IDisposable
{
    /// <summary>
    /// Waits for the next thing that happens to the job: in order, nothing twice, <see cref="JobFinished"/> or <see cref="JobFailed"/>
    /// last. Output that got lost on the way is a gap in the numbers of <see cref="OutputChunk"/>; the result holds it all the same.
    /// One caller at a time.
    /// </summary>
    /// <exception cref="RunnerException">Nobody knows the job any more.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; it can be taken up again.</exception>
    ValueTask<JobEvent> NextAsync(CancellationToken cancel);

    /// <summary>
    /// Asks for the job to be stopped: dropped when it waits, killed when it runs. Its <see cref="JobFinished"/> follows. Any thread;
    /// asking twice changes nothing.
    /// </summary>
    Task CancelAsync();
}
