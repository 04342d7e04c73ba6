using System.Diagnostics;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;

namespace CodeExec.Worker.Execution;

/// <summary>Lets so many jobs run and so many wait, and answers "busy" beyond: the queue of a process that has no Redis. Any thread.</summary>
public sealed class BoundedRunner(PythonExecutor executor, JobSlots slots) : IJobRunner
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
    {
        var arrived = Stopwatch.GetTimestamp();
        Task? waiting = null;
        var hasSlot = slots.TryTake();
        try
        {
            if (!hasSlot)
            {
                var ahead = slots.JoinQueue();
                waiting = slots.WaitAsync(stop.Token);
                yield return new JobQueued(ahead);
                hasSlot = await GotSlotAsync(waiting);
            }
            var queueTime = Stopwatch.GetElapsedTime(arrived);
            if (!hasSlot)
            {
                yield return new JobFinished(Stopped() with { QueueTime = queueTime });
                yield break;
            }
            // From here on it is given back when nothing of the job is left, which may be after the last listener has gone.
            hasSlot = false;
            waiting = null;
            await foreach (var happened in executor.RunAsync(job, stop, () => Task.CompletedTask, slots.Release))
                yield return happened is JobFinished finished ? new JobFinished(finished.Result with { QueueTime = queueTime }) : happened;
        }
        finally
        {
            // A consumer that left while the job waited: the place in the queue, or the slot that it got meanwhile, is given up.
            if (!hasSlot && waiting is not null)
            {
                if (!waiting.IsCompleted) stop.Request(StopReason.ClientGone);
                await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                hasSlot = waiting.IsCompletedSuccessfully;
            }
            if (hasSlot) slots.Release();
        }
    }

    private static async Task<bool> GotSlotAsync(Task waiting)
    {
        try
        {
            await waiting;
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static ExecutionResult Stopped() => new() { ReturnCode = ExecutionResult.KilledReturnCode, Stdout = "", Stderr = "", Status = ExecutionStatus.Cancelled };
}
