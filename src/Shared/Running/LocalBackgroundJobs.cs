using System.Collections.Concurrent;
using CodeExec.Shared.Jobs;
using Microsoft.Extensions.Logging;

namespace CodeExec.Shared.Running;

/// <summary>Background jobs of a process that runs Python itself: they, and their results, live in its memory. Any thread; dispose it before the runner.</summary>
/// <param name="runner">Runs them.</param>
/// <param name="gate">Counts them as calls under way, so that a shutdown gives them the same time.</param>
/// <param name="keep">How long results are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="log">The log.</param>
public sealed partial class LocalBackgroundJobs(IJobRunner runner, CallGate gate, TimeSpan keep, TimeProvider time, ILogger<LocalBackgroundJobs> log) : IBackgroundJobs, IAsyncDisposable
{
    /// <summary>How much output the kept results may hold together, in characters; beyond it the oldest are forgotten early.</summary>
    public const long MostCharacters = 16 * 1024 * 1024;

    // Killing a job takes its grace time at most; this bounds a host that hangs.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, LocalJob> _jobs = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Queue<LocalJob> _ended = new();
    private long _characters;

    /// <inheritdoc/>
    public async Task StartAsync(ExecutionJob job, string caller, CancellationToken cancel)
    {
        ForgetOld();
        var passage = gate.Enter();
        var stop = new JobStop().On(gate.StopCalls, StopReason.ShuttingDown);
        var events = runner.RunAsync(job, stop).GetAsyncEnumerator(CancellationToken.None);
        // A runner that takes no more says so before it waits for anything.
        var first = events.MoveNextAsync().AsTask();
        var local = new LocalJob(job.Id, caller, stop);
        if (!first.IsFaulted) _jobs[job.Id] = local;
        local.Run = FollowAsync(local, events, first, passage);
        if (first.IsFaulted) await first;
    }

    /// <inheritdoc/>
    public async Task<BackgroundJob?> FindAsync(string id, string caller, TimeSpan patience, CancellationToken cancel)
    {
        ForgetOld();
        if (!_jobs.TryGetValue(id, out var job) || job.Caller != caller) return null;
        try
        {
            if (patience > TimeSpan.Zero) await job.Run.WaitAsync(patience, time, cancel);
        }
        catch (TimeoutException)
        {
            // Then as it stands.
        }
        return job.Now;
    }

    /// <inheritdoc/>
    public Task CancelAsync(string id, string caller, CancellationToken cancel)
    {
        if (_jobs.TryGetValue(id, out var job) && job.Caller == caller) job.Stop.Request(StopReason.ClientCancelled);
        return Task.CompletedTask;
    }

    /// <summary>Stops the jobs that still run, and waits for their end.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var job in _jobs.Values) job.Stop.Request(StopReason.ShuttingDown);
        await Task.WhenAll(_jobs.Values.Select(job => job.Run)).WaitAsync(StopTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Never throws.
    private async Task FollowAsync(LocalJob job, IAsyncEnumerator<JobEvent> events, Task<bool> first, IDisposable passage)
    {
        ExecutionResult? result = null;
        var fault = "The run ended without a result.";
        try
        {
            for (var more = await first; more; more = await events.MoveNextAsync())
            {
                if (events.Current is JobFinished finished) result = finished.Result;
                else if (events.Current is not JobQueued) job.Now = new BackgroundJob(BackgroundState.Running);
            }
        }
        catch (RunnerException refused)
        {
            fault = refused.Message;
        }
        catch (Exception failed)
        {
            LogFailed(failed, job.Id);
            fault = "The service failed while it ran this job; the code is not at fault. Start it again; if it stays so, "
                + $"tell the operator reference {job.Id}, which the server's log explains.";
        }
        finally
        {
            await events.DisposeAsync();
            job.Stop.Dispose();
            passage.Dispose();
        }
        Keep(job, result is null ? new BackgroundJob(BackgroundState.Ended, Fault: fault) : new BackgroundJob(BackgroundState.Ended, result));
    }

    private void Keep(LocalJob job, BackgroundJob ended)
    {
        (job.EndedAt, job.Now) = (time.GetTimestamp(), ended);
        lock (_lock)
        {
            _ended.Enqueue(job);
            _characters += job.Characters;
        }
        ForgetOld();
    }

    private void ForgetOld()
    {
        lock (_lock)
            while (_ended.TryPeek(out var oldest) && (time.GetElapsedTime(oldest.EndedAt) >= keep || _characters > MostCharacters))
            {
                _ended.Dequeue();
                _characters -= oldest.Characters;
                _jobs.TryRemove(oldest.Id, out _);
            }
    }

    [LoggerMessage(105, LogLevel.Error, "job={Job} failed in the background; whoever asks for it is given this id as its reference")]
    private partial void LogFailed(Exception fault, string job);

    private sealed class LocalJob(string id, string caller, JobStop stop)
    {
        private volatile BackgroundJob _now = new(BackgroundState.Waiting);

        public string Id => id;

        public string Caller => caller;

        public JobStop Stop => stop;

        public Task Run { get; set; } = Task.CompletedTask;

        public BackgroundJob Now { get => _now; set => _now = value; }

        public long EndedAt { get; set; }

        public long Characters => Now.Result is { } result ? result.Stdout.Length + result.Stderr.Length : 0;
    }
}
