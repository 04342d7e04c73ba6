using System.Buffers;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;

namespace CodeExec.Shared.Tool;

/// <summary>
/// The tools for callers that can't wait for their code (JOB_TOOLS): it is started in the background, and they come back for its state and its
/// result with the job's id. Any thread.
/// </summary>
/// <param name="jobs">Runs the jobs.</param>
/// <param name="gate">Counts calls that wait for a job's end, and ends their wait at a shutdown.</param>
/// <param name="keep">How long results are kept, for the texts.</param>
public sealed class JobTools(IBackgroundJobs jobs, CallGate gate, TimeSpan keep)
{
    // How long a job that was cancelled is waited for: its worker needs the grace time to end it.
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    /// <summary>What clients are told about the tools.</summary>
    public static IReadOnlyList<ModelContextProtocol.Protocol.Tool> Definitions { get; } = JobToolDefinitions.Create();

    /// <summary>Whether a tool of this name is one of them.</summary>
    public static bool Has(string? name) => name is JobToolDefinitions.Status or JobToolDefinitions.Result or JobToolDefinitions.Cancel;

    /// <summary>Starts a job and answers with its id.</summary>
    /// <exception cref="RunnerException">It can't be started now.</exception>
    public async Task<ToolResult> StartAsync(ExecutionJob job, string caller, CancellationToken cancel)
    {
        await jobs.StartAsync(job, caller, cancel);
        return Answer(job.Id, new BackgroundJob(BackgroundState.Waiting), $"The code runs in the background. Call {JobToolDefinitions.Result} with this job_id for its result.");
    }

    /// <summary>Answers a call of one of the tools.</summary>
    /// <param name="name">Which one.</param>
    /// <param name="arguments">The arguments as they came; null when there were none.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="turn">What counts the call; null where callers have no limits.</param>
    /// <param name="cancel">Cancelled when nobody waits for the answer any more.</param>
    public async Task<ToolResult> CallAsync(string name, IDictionary<string, JsonElement>? arguments, string caller, ICallTurn? turn, CancellationToken cancel)
    {
        try
        {
            turn?.Count();
            var asked = JobToolArguments.Parse(name, arguments);
            using var passage = gate.Enter();
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel, gate.StopCalls);
            if (name is JobToolDefinitions.Cancel) await jobs.CancelAsync(asked.JobId, caller, end.Token);
            var job = await jobs.FindAsync(asked.JobId, caller, name is JobToolDefinitions.Cancel ? CancelPatience : asked.Wait, end.Token);
            return job switch
            {
                null => ToolResult.Error($"There is no job \"{asked.JobId}\" of yours. A result is kept for {keep.TotalSeconds:0} s after its job ended "
                    + "(RESULT_TTL_SECONDS), or until later results need its room, and only for the API key that started it; a job that waited too long for a worker is dropped. "
                    + "Check the id, or start the code again if running it twice is safe."),
                { Fault: { } fault } => ToolResult.Error($"Job \"{asked.JobId}\" has no result. {fault}"),
                { Result: { } result } when name is JobToolDefinitions.Result => ToolResult.From(result),
                { State: BackgroundState.Ended } => Answer(asked.JobId, job, null),
                _ => Answer(asked.JobId, job, $"It is not over. Ask again, with {JobToolDefinitions.Result} and wait_seconds for an answer as soon as it is."),
            };
        }
        catch (OperationCanceledException) when (gate.StopCalls.IsCancellationRequested)
        {
            return ToolResult.Error("The server was shut down while this call waited for its job. Ask again in a few seconds: another process, or its restart, will answer.");
        }
        catch (ToolCallException fault)
        {
            return ToolResult.Error(fault.Message);
        }
        catch (RunnerException fault)
        {
            return ToolResult.Error(fault.Message);
        }
    }

    private static ToolResult Answer(string id, BackgroundJob job, string? hint)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, ToolResult.Indented))
        {
            json.WriteStartObject();
            json.WriteString("job_id", id);
            json.WriteString("status", job.Result?.Status.Name() ?? (job.State is BackgroundState.Waiting ? JobToolDefinitions.Queued : JobToolDefinitions.Running));
            if (job.Result is { } result) json.WriteNumber("returncode", result.ReturnCode);
            if (hint is not null) json.WriteString("hint", hint);
            json.WriteEndObject();
        }
        return ToolResult.FromJson(buffer.WrittenMemory);
    }
}
