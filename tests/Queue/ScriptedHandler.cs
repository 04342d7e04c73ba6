using System.Collections.Concurrent;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Worker.Running;

namespace CodeExec.Tests.Queue;

/// <summary>A worker's handler that does what the test says: it starts each job and then waits for the test's word.</summary>
internal sealed class ScriptedHandler(int slots = 4) : IJobHandler
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<IJobDelivery>> _started = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<ExecutionResult>> _ends = new();
    private readonly ConcurrentDictionary<string, bool> _marked = new();
    private readonly RecentSets _recent = new(_ => true);
    private int _running;
    private int _most;

    public ConcurrentQueue<string> Handled { get; } = new();

    public int Slots { get; set; } = slots;

    /// <summary>As on a real worker: what its jobs have used.</summary>
    public IWarmth Warmth => _recent;

    /// <summary>How many jobs it had in its hands at most.</summary>
    public int Most => Volatile.Read(ref _most);

    /// <summary>What a job that nobody steers comes to at once.</summary>
    public Func<IJobDelivery, Task<ExecutionResult>>? Always { get; init; }

    /// <summary>Whether jobs are held before they are marked as started.</summary>
    public bool HoldsBeforeStart { get; init; }

    public Task<IJobDelivery> Started(string jobId) => _started.GetOrAdd(jobId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(TimeSpan.FromSeconds(30));

    /// <summary>Whether a job's code was started.</summary>
    public bool HasStarted(string jobId) => _marked.ContainsKey(jobId);

    /// <summary>From here on it shows this job's packages as ready.</summary>
    public void ShowReady(ExecutionJob job) => _recent.Add(job.Packages);

    public void End(string jobId, ExecutionResult result) => _ends.GetOrAdd(jobId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult(result);

    public async Task<ExecutionResult> HandleAsync(IJobDelivery delivery)
    {
        var running = Interlocked.Increment(ref _running);
        InterlockedMax(running);
        try
        {
            Handled.Enqueue(delivery.Job.Id);
            if (HoldsBeforeStart)
            {
                _started.GetOrAdd(delivery.Job.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult(delivery);
                await ((Task)_ends.GetOrAdd(delivery.Job.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task).WaitAsync(delivery.Stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return ExecutionResult.StoppedBeforeStart;
            }
            await delivery.MarkStartedAsync();
            _marked[delivery.Job.Id] = true;
            if (delivery.Job.Packages.Count > 0) _recent.Add(delivery.Job.Packages);
            if (Always is not null) return await Always(delivery);
            _started.GetOrAdd(delivery.Job.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult(delivery);
            var end = _ends.GetOrAdd(delivery.Job.Id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
            await using var stopped = delivery.Stop.Token.Register(() => end.TrySetResult(ExecutionResult.StoppedBeforeStart));
            return await end.Task;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private void InterlockedMax(int running)
    {
        for (var most = Most; running > most; most = Most)
            Interlocked.CompareExchange(ref _most, running, most);
    }
}
