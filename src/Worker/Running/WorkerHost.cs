using System.Runtime.InteropServices;
using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Running;

/// <summary>
/// The <c>worker</c> process: takes jobs from the queue, as many as it has slots, until SIGTERM. Then it takes no more, gives running jobs
/// their time, hands back what has not started and closes the rest as lost, within the 30 s that a dyno gets.
/// </summary>
public static class WorkerHost
{
    /// <summary>Runs to the end.</summary>
    /// <param name="settings">The checked settings.</param>
    /// <param name="logs">The log.</param>
    /// <returns>The process's exit code: 0.</returns>
    /// <exception cref="RedisRefusedException">Redis can't be used as it is set up.</exception>
    /// <exception cref="SettingsException">SANDBOX=strict, and this host lacks a layer.</exception>
    public static async Task<int> RunAsync(ServiceSettings settings, ILoggerFactory logs)
    {
        using var stop = new CancellationTokenSource();
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));

        await using var idle = new IdleMemory(TimeProvider.System);
        await using var service = LocalService.Create(settings, logs);
        await using var engine = await RedisEngine.OpenReceiverAsync(settings.Queue, settings.Execution.DrainTime, logs, TimeProvider.System, stop.Token);
        var prewarming = service.PrewarmAsync(stop.Token);
        var serving = engine.Receiver!.RunAsync(new JobHandler(service.Executor, service.Slots, new RecentSets(service.Holds)), stop.Token);
        if (await Task.WhenAny(serving, service.Unfit) != serving) await stop.CancelAsync();
        await serving;
        await prewarming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return service.Unfit.IsCompleted ? throw await service.Unfit : 0;
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        // The platform may send it more than once, and after the end.
        if (!stop.IsCancellationRequested) _ = stop.CancelAsync();
    }
}
