using System.CommandLine;
using System.Text.Json;
using CodeExec.Cli.Running;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Worker;
using CodeExec.Worker.Stdio;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;

namespace CodeExec.Cli;

/// <summary><c>codeexec run</c>: one job, in this process, with the same rules and limits as a call of the tool.</summary>
public static class RunCommand
{
    /// <summary>The command with its arguments.</summary>
    public static Command Create()
    {
        var code = new Argument<string?>("CODE") { Arity = ArgumentArity.ZeroOrOne, Description = "The Python source; - reads it from standard input." };
        var file = new Option<string?>("--file") { HelpName = "FILE", Description = "Read the Python source from a file." };
        var packages = new Option<string[]>("--packages") { HelpName = "a,b", Description = "Packages to install first, as pip requirements with commas between them." };
        var json = new Option<bool>("--json") { Description = "Print the tool's result as JSON at the end, and nothing else." };
        var command = new Command("run", "Runs Python code here and shows its output while it runs. Exits with the code's own exit code.") { code, file, packages, json };
        command.SetAction(async (parsed, cancel) =>
        {
            // Before anything else, so that Ctrl-C while typing code on standard input ends in order too.
            using var stop = new JobStop();
            using var interruption = new Interruption(() => stop.Request(StopReason.ClientCancelled));
            var settings = ServiceSettings.FromProcess(servesHttp: false);
            try
            {
                var source = await CodeSource.ReadAsync(parsed.GetValue(code), parsed.GetValue(file), stop.Token);
                var job = JobOf(source, parsed.GetValue(packages) ?? [], settings.Tool);
                await using var service = LocalService.Create(settings, StderrLog.CreateFactory(LogLevel.Warning));
                var display = parsed.GetValue(json) ? (IRunDisplay)new JsonDisplay() : new LiveDisplay(settings.Execution.MaxOutputBytes);
                return await RunAsync(service, job, display, stop);
            }
            catch (OperationCanceledException) when (stop.Reason is StopReason.ClientCancelled)
            {
                return ExitCodes.Interrupted;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(LocalService service, ExecutionJob job, IRunDisplay display, JobStop stop)
    {
        ExecutionResult? result = null;
        var isRead = true;
        await foreach (var happened in service.Runner.RunAsync(job, stop))
        {
            if (happened is JobFinished finished) result = finished.Result;
            if (isRead) isRead = await TryShowAsync(happened is JobFinished ? display.FinishAsync(result!) : display.ShowAsync(happened), stop);
        }
        if (result is null) throw new InvalidOperationException("The run ended without a result.");
        return isRead ? ExitCodeOf(result) : ExitCodes.OutputClosed;
    }

    // Whoever read our output has closed the pipe (`| head -1`): the job is ended as for a client that left, and its end awaited.
    private static async Task<bool> TryShowAsync(Task showing, JobStop stop)
    {
        try
        {
            await showing;
            return true;
        }
        catch (IOException)
        {
            stop.Request(StopReason.ClientGone);
            return false;
        }
    }

    private static ExecutionJob JobOf(string source, string[] packages, ToolOptions options)
    {
        // Through the tool's own check, so that the same mistake gets the same words on every way in.
        var text = McpJsonUtilities.DefaultOptions.GetTypeInfo<string>();
        var arguments = ToolArguments.Parse(
            new Dictionary<string, JsonElement>(StringComparer.Ordinal)
            {
                ["code"] = JsonSerializer.SerializeToElement(source, text),
                ["packages"] = JsonSerializer.SerializeToElement(PackageList.Split(packages), McpJsonUtilities.DefaultOptions.GetTypeInfo<IReadOnlyList<string>>()),
            },
            options);
        return new ExecutionJob(JobId.Create(), arguments.Code, arguments.Packages, "codeexec run");
    }

    private static int ExitCodeOf(ExecutionResult result) => result.Status switch
    {
        ExecutionStatus.Timeout => ExitCodes.TimeLimit,
        ExecutionStatus.Cancelled => ExitCodes.Interrupted,
        ExecutionStatus.InstallFailed => ExitCodes.NotInstalled,
        ExecutionStatus.WorkerLost => ExitCodes.Internal,
        _ => result.ReturnCode >= 0 ? result.ReturnCode : ExitCodes.ForSignal(-result.ReturnCode),
    };
}
