using System.Text;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;

namespace CodeExec.Tests.Support;

/// <summary>One job under way: its events as they come, and ways to wait for them.</summary>
internal sealed class TestRun : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<JobEvent> _events = [];
    private readonly Task<ExecutionResult> _finished;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TestRun(IJobRunner runner, ExecutionJob job) => _finished = CollectAsync(runner, job);

    public JobStop Stop { get; } = new();

    /// <summary>The result; what the run throws is thrown here.</summary>
    public Task<ExecutionResult> Finished => _finished.Within();

    public IReadOnlyList<JobEvent> Events { get { lock (_lock) return [.. _events]; } }

    /// <summary>What was streamed of one stream so far.</summary>
    public string Streamed(OutputStream stream) =>
        Events.OfType<OutputChunk>().Where(chunk => chunk.Stream == stream).Aggregate(new StringBuilder(), (all, chunk) => all.Append(chunk.Text)).ToString();

    /// <summary>Waits until the code has printed this on stdout.</summary>
    public Task Printed(string text) => Until(() => Streamed(OutputStream.Stdout).Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until the job stands in the queue.</summary>
    public Task Queued() => Until(() => Events.Any(happened => happened is JobQueued));

    /// <summary>Waits until the result is told, which may be before the last of the job is gone; that is <see cref="Finished"/>.</summary>
    public async Task<ExecutionResult> Told()
    {
        await Until(() => Events.Any(happened => happened is JobFinished));
        return Events.OfType<JobFinished>().Single().Result;
    }

    public void Dispose() => Stop.Dispose();

    private async Task Until(Func<bool> holds)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (holds()) return;
                changed = _changed.Task;
            }
            if (_finished.IsCompleted) throw new InvalidOperationException($"The run ended before that: {await _finished}");
            await Task.WhenAny(changed, _finished).Within();
        }
    }

    private async Task<ExecutionResult> CollectAsync(IJobRunner runner, ExecutionJob job)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await foreach (var happened in runner.RunAsync(job, Stop)) Add(happened);
        return Assert.IsType<JobFinished>(Events[^1]).Result;
    }

    private void Add(JobEvent happened)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _events.Add(happened);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }
}
