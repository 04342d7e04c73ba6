using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Web.Health;
using CodeExec.Worker;

namespace CodeExec.Web.Running;

/// <summary>
/// Where this process's jobs run: on workers, through the queue, when there is a REDIS_URL; else in this process. The one place that
/// chooses the queue's engine. Any thread after it is open.
/// </summary>
internal sealed class JobService : IAsyncDisposable
{
    private readonly IAsyncDisposable _owned;

    private JobService(IJobRunner runner, IAsyncDisposable owned)
    {
        Runner = runner;
        _owned = owned;
    }

    /// <summary>Runs the jobs.</summary>
    public IJobRunner Runner { get; }

    /// <summary>What the health page and the start line call it.</summary>
    public required string Mode { get; init; }

    /// <summary>How busy it is.</summary>
    public required Func<ServiceLoad> Load { get; init; }

    /// <summary>The other web processes; null where there can be none.</summary>
    public IWebPeers? Peers { get; init; }

    /// <summary>Runs jobs whose callers don't wait; null where they run in this process.</summary>
    public IBackgroundJobs? BackgroundJobs { get; init; }

    /// <summary>What it does in the background once the process serves.</summary>
    public Func<CancellationToken, Task> Prewarm { get; init; } = _ => Task.CompletedTask;

    /// <summary>Done when the process must end, with what to tell (<see cref="LocalService.Unfit"/>).</summary>
    public Task<SettingsException> Unfit { get; init; } = new TaskCompletionSource<SettingsException>().Task;

    /// <summary>Opens the one that the settings ask for.</summary>
    /// <exception cref="RedisRefusedException">Redis can't be used as it is set up.</exception>
    public static async Task<JobService> OpenAsync(ServiceSettings settings, ILoggerFactory logs) =>
        settings.Queue.RedisUrl is null ? OpenEmbedded(settings, logs) : await OpenQueueAsync(settings, logs);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _owned.DisposeAsync();

    private static JobService OpenEmbedded(ServiceSettings settings, ILoggerFactory logs)
    {
        var local = LocalService.Create(settings, logs);
        return new JobService(local.Runner, local)
        {
            Mode = "embedded",
            Load = () => new ServiceLoad { Running = local.Slots.Running, Waiting = local.Slots.Waiting, Slots = local.Slots.Total, Sandbox = local.Sandbox.Layers },
            Prewarm = local.PrewarmAsync,
            Unfit = local.Unfit,
        };
    }

    private static async Task<JobService> OpenQueueAsync(ServiceSettings settings, ILoggerFactory logs)
    {
        var engine = await RedisEngine.OpenSenderAsync(settings.Queue, logs, TimeProvider.System, CancellationToken.None);
        return new JobService(new QueuedJobRunner(engine.Sender!, settings.Queue, TimeProvider.System), engine)
        {
            Mode = "queue",
            Load = () => new ServiceLoad { UnderWay = engine.Waiting, QueueConnected = engine.IsConnected },
            Peers = engine.Peers,
            BackgroundJobs = engine.BackgroundJobs,
        };
    }
}
