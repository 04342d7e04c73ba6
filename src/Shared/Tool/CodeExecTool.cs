using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Shared.Tool;

/// <summary>
/// One call of the tool, the same for every transport: check the arguments, run the job, relay what happens, answer.
/// Any thread, many calls at once.
/// </summary>
public sealed partial class CodeExecTool(IJobRunner runner, ToolOptions options, CallGate gate, RunningCalls calls, ILogger<CodeExecTool> log)
{
    private readonly Lazy<ModelContextProtocol.Protocol.Tool> _definition = new(() => ToolDefinition.Create(options));

    /// <summary>What clients are told about the tool. Made when first asked for: many a STDIO process answers one call and no list.</summary>
    public ModelContextProtocol.Protocol.Tool Definition => _definition.Value;

    /// <summary>Writes the same as JSON, without the SDK's serializer.</summary>
    public void WriteDefinition(Utf8JsonWriter json) => ToolDefinition.Write(json, options);

    /// <summary>Answers one call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cancel">Cancelled when nobody waits for the answer any more.</param>
    public async ValueTask<ToolResult> CallAsync(IToolCall call, CancellationToken cancel)
    {
        var id = JobId.Create();
        try
        {
            var arguments = ToolArguments.Parse(call.Arguments, options);
            var job = new ExecutionJob(id, arguments.Code, arguments.Packages, call.ClientName, CallLimits.Parse(call.Meta, options));
            using var passage = gate.Enter();
            using var stop = new JobStop().On(cancel, StopReason.ClientGone).On(gate.StopCalls, StopReason.ShuttingDown);
            using var listing = calls.Track(call.Session, call.Id, stop);
            return await RunAsync(job, call, stop);
        }
        catch (ToolCallException fault)
        {
            return ToolResult.Error(fault.Message);
        }
        catch (RunnerException fault)
        {
            LogRefused(id, fault.Message);
            return ToolResult.Error(fault.Message);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            LogFailed(fault, id);
            return ToolResult.Error($"The service failed while it ran this call; the code is not at fault. Call again; if it stays so, tell the operator reference {id}, which the server's log explains.");
        }
    }

    private async Task<ToolResult> RunAsync(ExecutionJob job, IToolCall call, JobStop stop)
    {
        var relay = new OutputRelay(call);
        ExecutionResult? result = null;
        await foreach (var happened in runner.RunAsync(job, stop))
        {
            if (happened is JobFinished finished) result = finished.Result;
            else await RelayAsync(relay, happened, job, stop);
        }
        if (result is null) throw new InvalidOperationException("The run ended without a result.");
        LogFinished(job.Id, job.ClientName ?? "unnamed client", result.Status.Name(), result.ReturnCode, (long)result.Duration.TotalMilliseconds, (long)result.InstallTime.TotalMilliseconds);
        return stop.Reason is StopReason.ShuttingDown
            ? ToolResult.Error("The server was shut down while this code ran, and stopped it. What it had done until then stays done. Call again if running it twice is safe.")
            : ToolResult.From(result);
    }

    // Whatever breaks while a client is being told something, its job must still run to an ordered end: the client is as good as gone.
    private async Task RelayAsync(OutputRelay relay, JobEvent happened, ExecutionJob job, JobStop stop)
    {
        if (stop.Reason is not null) return;
        try
        {
            await relay.SendAsync(happened, stop.Token);
        }
        catch (Exception fault)
        {
            if (stop.Reason is null) LogUnreachable(fault, job.Id);
            stop.Request(StopReason.ClientGone);
        }
    }

    [LoggerMessage(100, LogLevel.Information, "job={Job} client=\"{Client}\" ended: {Status}, return code {ReturnCode}, ran {DurationMs} ms, installed {InstallMs} ms")]
    private partial void LogFinished(string job, string client, string status, int returnCode, long durationMs, long installMs);

    [LoggerMessage(101, LogLevel.Warning, "job={Job} refused: {Reason}")]
    private partial void LogRefused(string job, string reason);

    [LoggerMessage(102, LogLevel.Error, "job={Job} failed; the client was given this id as its reference")]
    private partial void LogFailed(Exception fault, string job);

    [LoggerMessage(103, LogLevel.Information, "job={Job} is stopped: its client can't be reached")]
    private partial void LogUnreachable(Exception fault, string job);
}
