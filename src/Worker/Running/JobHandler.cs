using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Running;

/// <summary>What the queue's engine calls for each job: runs it on this process's executor and tells what happens. Any thread.</summary>
public sealed class JobHandler(PythonExecutor executor, JobSlots slots) : IJobHandler
{
    /// <inheritdoc/>
    public int FreeSlots => slots.Total - slots.Running;

    /// <inheritdoc/>
    public async Task<ExecutionResult> HandleAsync(IJobDelivery delivery)
    {
        // The engine takes no more than are free; a slot that was just given back may still be on its way.
        if (!slots.TryTake())
        {
            slots.JoinQueue();
            await slots.WaitAsync(delivery.Stop.Token);
        }
        try
        {
            await foreach (var happened in executor.RunAsync(delivery.Job, delivery.Stop, delivery.MarkStartedAsync))
            {
                if (happened is JobFinished finished) return finished.Result;
                delivery.Publish(happened);
            }
            throw new InvalidOperationException("The run ended without a result.");
        }
        finally
        {
            slots.Release();
        }
    }
}
