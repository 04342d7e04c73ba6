using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Running;

/// <summary>What the queue's engine calls for each job: runs it on this process's executor and tells what happens. Any thread.</summary>
public sealed class JobHandler(PythonExecutor executor, JobSlots slots, RecentSets recent) : IJobHandler
{
    private static readonly TimeSpan SlotLimit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public int Slots => slots.Total;

    /// <inheritdoc/>
    public IWarmth Warmth => recent;

    /// <inheritdoc/>
    public async Task<ExecutionResult> HandleAsync(IJobDelivery delivery)
    {
        // One whose result is out may still be on its way out of its slot.
        try
        {
            if (!await slots.TakeAsync(SlotLimit, delivery.Stop.Token)) throw new NoSlotException($"All {slots.Total} slots were taken for {SlotLimit.TotalSeconds:0} s.");
        }
        catch (OperationCanceledException)
        {
            return ExecutionResult.StoppedBeforeStart;
        }
        await foreach (var happened in executor.RunAsync(delivery.Job, delivery.Stop, delivery.MarkStartedAsync, slots.Release))
        {
            if (happened is JobFinished finished)
            {
                if (finished.Result is { PackagesCache: not PackagesCache.None, Status: not ExecutionStatus.InstallFailed }) recent.Add(delivery.Job.Packages);
                return finished.Result;
            }
            // That it started was told with the mark.
            if (happened is not JobStarted) delivery.Publish(happened);
        }
        throw new InvalidOperationException("The run ended without a result.");
    }
}
