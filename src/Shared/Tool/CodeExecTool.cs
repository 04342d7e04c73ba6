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
public sealed partial class CodeExecTool(IJobRunner runner, ToolOptions options, CallGate gate, RunningCalls calls, TimeProvider time, ILogger<CodeExecTool> log, JobTools? jobs = null)
{
    private const int LongestClientName = 100;

    private readonly Lazy<ModelContextProtocol.Protocol.Tool> _definition = new(() => ToolDefinition.Create(options));

    /// <summary>The tools for code in the background; null when they aren't offered.</summary>
    public JobTools? Jobs => jobs;

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
        var audit = new CallAudit(id, call, options.AuditCode, time);
        try
        {
            var arguments = ToolArguments.Parse(call.Arguments, options);
            audit.Asks(arguments);
            var job = new ExecutionJob(id, arguments.Code, arguments.Packages, Shortened(call.ClientName), CallLimits.Parse(call.Meta, options), OutputRelay.Follows(call));
            using var passage = gate.Enter();
            if (arguments.Background && jobs is not null)
            {
                await call.WaitForTurnAsync(cancel);
                audit.InBackground();
                return await jobs.StartAsync(job with { IsFollowed = false }, call.Caller, cancel);
            }
            using var stop = new JobStop().On(cancel, StopReason.ClientGone).On(gate.StopCalls, StopReason.ShuttingDown);
            using var listing = calls.Track(call.Session, call.Id, stop);
            return await RunAsync(job, call, stop, audit);
        }
        catch (ToolCallException fault)
        {
            audit.Refused("invalid", fault.Message);
            return ToolResult.Error(fault.Message);
        }
        catch (RunnerException fault)
        {
            audit.Refused("refused", fault.Message);
            return ToolResult.Error(fault.Message);
        }
        catch (Exception fault) when (fault is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            LogFailed(fault, id);
            audit.Refused("failed", "see the log");
            return ToolResult.Error($"The service failed while it ran this call; the code is not at fault. Call again; if it stays so, tell the operator reference {id}, which the server's log explains.");
        }
        finally
        {
            audit.Write(log);
        }
    }

    // It travels with the job through the queue, where a megabyte of name would be a megabyte of Redis.
    private static string? Shortened(string? clientName) => clientName?.Length > LongestClientName ? clientName[..LongestClientName] : clientName;

    // False: the call was stopped while it waited.
    private static async Task<bool> HasTurnAsync(IToolCall call, JobStop stop)
    {
        try
        {
            await call.WaitForTurnAsync(stop.Token);
            return true;
        }
        catch (OperationCanceledException) when (stop.Reason is not null)
        {
            return false;
        }
    }

    private async Task<ToolResult> RunAsync(ExecutionJob job, IToolCall call, JobStop stop, CallAudit audit)
    {
        var arrived = time.GetTimestamp();
        var turn = HasTurnAsync(call, stop);
        var waits = !turn.IsCompleted;
        var hasTurn = await turn;
        var waited = waits ? time.GetElapsedTime(arrived) : TimeSpan.Zero;
        if (!hasTurn) return Answer(ExecutionResult.StoppedBeforeStart with { QueueTime = waited }, stop, audit);
        var relay = new OutputRelay(call);
        ExecutionResult? result = null;
        await foreach (var happened in runner.RunAsync(job, stop))
        {
            result = (happened as JobFinished)?.Result;
            if (result is not null) break;
            await RelayAsync(relay, happened, job, stop);
        }
        if (result is null) throw new InvalidOperationException("The run ended without a result.");
        return Answer(result with { QueueTime = result.QueueTime + waited }, stop, audit);
    }

    private static ToolResult Answer(ExecutionResult result, JobStop stop, CallAudit audit)
    {
        audit.Ended(result);
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

    [LoggerMessage(102, LogLevel.Error, "job={Job} failed; the client was given this id as its reference")]
    private partial void LogFailed(Exception fault, string job);

    [LoggerMessage(103, LogLevel.Information, "job={Job} is stopped: its client can't be reached")]
    private partial void LogUnreachable(Exception fault, string job);
}
