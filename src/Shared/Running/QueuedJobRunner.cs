using System.Text;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Running;

/// <summary>
/// Runs jobs on other processes: sends each through the queue and relays what comes back. The web process's counterpart of the executor.
/// Any thread.
/// </summary>
public sealed class QueuedJobRunner(IJobSender sender, QueueOptions options, TimeProvider time) : IJobRunner
{
    // Killing a job takes its worker the grace time at most; a worker that doesn't answer by then is silent, and the engine closes the job.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(20);

    /// <inheritdoc/>
    public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
    {
        var sentAt = time.GetTimestamp();
        TimeSpan? queueTime = null;
        var output = new SeenOutput();
        using var sent = await sender.SendAsync(job, stop.Token);
        using var wait = new CancellationTokenSource(options.QueueTimeout, time);
        await using var onStop = stop.Token.Register(() => Cancel(sent, wait));
        JobEvent? last = null;
        try
        {
            while (await NextAsync(sent, wait.Token) is { } happened)
            {
                if (happened is JobFinished or JobFailed)
                {
                    last = happened;
                    break;
                }
                if (queueTime is null)
                {
                    // A worker has it: what it may take from here on is the worker's business, unless somebody asked for it to stop.
                    queueTime = time.GetElapsedTime(sentAt);
                    if (stop.Reason is null) wait.CancelAfter(Timeout.InfiniteTimeSpan);
                }
                if (happened is OutputChunk chunk) output.Add(chunk);
                yield return happened;
            }
        }
        finally
        {
            // A consumer that left, or a job that waited too long: nobody wants it any more.
            if (last is null) await sent.CancelAsync();
        }
        var result = Result(last, stop, output);
        // The end was the first that was heard of it: it waited while it was neither prepared nor run.
        queueTime ??= time.GetElapsedTime(sentAt) - result.InstallTime - result.Duration;
        yield return new JobFinished(result with { QueueTime = queueTime > TimeSpan.Zero ? queueTime.Value : TimeSpan.Zero });
    }

    private ExecutionResult Result(JobEvent? last, JobStop stop, SeenOutput output) => last switch
    {
        JobFinished finished => output.Complete(finished.Result),
        JobFailed failed => throw new RunnerException(failed.Message),
        _ when stop.Reason is not null => output.Complete(ExecutionResult.StoppedBeforeStart),
        _ => throw new RunnerException($"The service is busy: no worker took this call within {options.QueueTimeout.TotalSeconds:0} s, the limit (QUEUE_TIMEOUT_SECONDS). "
            + "Call again later; if it stays so, the operator must see whether a worker runs."),
    };

    private static void Cancel(ISentJob sent, CancellationTokenSource wait)
    {
        wait.CancelAfter(CancelTime);
        _ = sent.CancelAsync();
    }

    // Null when the time is over.
    private static async Task<JobEvent?> NextAsync(ISentJob sent, CancellationToken wait)
    {
        try
        {
            return await sent.NextAsync(wait);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>What was relayed of the output, for a result whose worker can't tell it any more.</summary>
    private sealed class SeenOutput
    {
        private readonly StringBuilder _stdout = new();
        private readonly StringBuilder _stderr = new();

        public void Add(OutputChunk chunk) => (chunk.Stream is OutputStream.Stdout ? _stdout : _stderr).Append(chunk.Text);

        public ExecutionResult Complete(ExecutionResult result) =>
            result is { Status: ExecutionStatus.WorkerLost, Stdout: "", Stderr: "" } ? result with { Stdout = _stdout.ToString(), Stderr = _stderr.ToString() } : result;
    }
}
