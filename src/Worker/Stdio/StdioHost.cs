using System.Runtime.InteropServices;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// The STDIO server, which Heroku's Inference agents start as <c>mcp-python</c> on a one-off dyno: one client, the worker's code in this
/// process, logs on stderr, no Redis. Ends when stdin has ended and everything is answered, or on SIGTERM.
/// </summary>
public static class StdioHost
{
    // Killing a job takes milliseconds beyond its grace time, and answering its call as well; this bounds a host that hangs.
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    // Many a process is started for one call that follows the handshake at once. A fork server that starts beside it made its result come up
    // to 45 % later (2 cores), and gains a session nothing that is over by then.
    private static readonly TimeSpan ForkServersAfter = TimeSpan.FromSeconds(1);

    /// <summary>Serves this process's stdin and stdout to the end.</summary>
    /// <param name="settings">The checked settings.</param>
    /// <returns>The process's exit code: 0.</returns>
    /// <exception cref="SettingsException">SANDBOX=strict, and this host lacks a layer.</exception>
    public static async Task<int> RunAsync(ServiceSettings settings)
    {
        using var logs = StderrLog.CreateFactory();
        using var gate = new CallGate();
        var calls = new RunningCalls();
        await using var service = LocalService.Create(settings, logs);
        using var ended = new CancellationTokenSource();
        // The interpreter is looked for while the handshake goes on: the process is started for a single call.
        var preparing = service.PrepareAsync(ended.Token, ForkServersAfter);
        await using var jobs = settings.Tool.JobTools
            ? new LocalBackgroundJobs(service.Runner, gate, settings.Queue.ResultTtl, TimeProvider.System, logs.CreateLogger<LocalBackgroundJobs>())
            : null;
        var tool = new CodeExecTool(
            service.Runner, settings.Tool, gate, calls, TimeProvider.System, logs.CreateLogger<CodeExecTool>(), jobs is null ? null : new JobTools(jobs, gate, settings.Queue.ResultTtl));

        // A request that the tool accepts can't be longer than its code, escaped at worst sixfold, and some packages.
        var maxLine = (settings.Tool.MaxCodeBytes * 6) + (1024 * 1024);
        using var input = StdioInput.Open();
        using var output = new LineWriter(StandardStream.Output());
        await using var server = new StdioServer(new LineReader(input.Bytes, maxLine, input.IsTerminal), output, tool, calls, logs);

        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, gate, server, settings.Execution, ended));
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, gate, server, settings.Execution, ended));
        try
        {
            var serving = server.RunAsync(ended.Token);
            if (await Task.WhenAny(serving, service.Unfit) != serving) await ended.CancelAsync();
            await serving;
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Told to end: that is an ordered ending too.
        }
        finally
        {
            await ended.CancelAsync();
            await preparing;
        }
        return service.Unfit.IsCompleted ? throw await service.Unfit : 0;
    }

    private static void End(PosixSignalContext signal, CallGate gate, StdioServer server, ExecutionOptions options, CancellationTokenSource ended)
    {
        // The default would end the process at once, without its calls' answers and with their folders left behind.
        signal.Cancel = true;
        _ = Task.Run(async () =>
        {
            await gate.CloseAsync(options.DrainTime, options.KillGrace + StopTime, TimeProvider.System);
            // A call has ended a moment before its answer is written.
            using var limit = new CancellationTokenSource(StopTime);
            await server.AllAnsweredAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ended.CancelAsync();
        });
    }
}
