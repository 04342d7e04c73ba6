using System.Threading.Channels;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;

namespace CodeExec.Tests.Web.Support;

/// <summary>A runner whose jobs do what the test says, when it says so. A job that is stopped ends as cancelled.</summary>
internal sealed class ScriptedRunner : IJobRunner
{
    private readonly Channel<ScriptedJob> _started = Channel.CreateUnbounded<ScriptedJob>();

    /// <summary>Set: every job ends at once and prints this.</summary>
    public string? Prints { get; set; }

    public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
    {
        if (Prints is { } text)
        {
            yield return new JobFinished(ScriptedJob.Result(text));
            yield break;
        }
        var scripted = new ScriptedJob(job, stop);
        await _started.Writer.WriteAsync(scripted);
        await foreach (var happened in scripted.EventsAsync()) yield return happened;
    }

    /// <summary>Waits for the next job.</summary>
    public async Task<ScriptedJob> NextAsync() => await _started.Reader.ReadAsync().AsTask().WaitAsync(TestWeb.Patience);
}

/// <summary>One job in the test's hands.</summary>
internal sealed class ScriptedJob
{
    private readonly Channel<JobEvent> _events = Channel.CreateUnbounded<JobEvent>();
    private readonly TaskCompletionSource<StopReason> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobStop _stop;
    private int _sequence;

    public ScriptedJob(ExecutionJob job, JobStop stop)
    {
        (Job, _stop) = (job, stop);
        stop.Token.Register(() =>
        {
            _stopped.TrySetResult(_stop.Reason!.Value);
            if (!IgnoresStop) Finish("", ExecutionStatus.Cancelled);
        });
    }

    public ExecutionJob Job { get; }

    /// <summary>Whether the job goes on when it is told to stop.</summary>
    public bool IgnoresStop { get; set; }

    /// <summary>Why the job was stopped, once it was.</summary>
    public Task<StopReason> Stopped => _stopped.Task.WaitAsync(TestWeb.Patience);

    public bool WasStopped => _stopped.Task.IsCompleted;

    public void Print(string text, OutputStream stream = OutputStream.Stdout) => _events.Writer.TryWrite(new OutputChunk(stream, _sequence++, text));

    public void Finish(string stdout, ExecutionStatus status = ExecutionStatus.Ok)
    {
        if (_events.Writer.TryWrite(new JobFinished(Result(stdout, status)))) _events.Writer.TryComplete();
    }

    public IAsyncEnumerable<JobEvent> EventsAsync(CancellationToken cancel = default) => _events.Reader.ReadAllAsync(cancel);

    public static ExecutionResult Result(string stdout, ExecutionStatus status = ExecutionStatus.Ok) => new()
    {
        ReturnCode = status is ExecutionStatus.Ok ? 0 : ExecutionResult.KilledReturnCode,
        Stdout = stdout,
        Stderr = "",
        Status = status,
    };
}
