using System.Collections.Frozen;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Forking;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker;

/// <summary>
/// Everything that runs Python inside this process: the executor, its packages and the bound on how many jobs run and wait. What
/// STDIO, embedded mode and the command line stand on. Any thread; dispose it after the last call has ended.
/// </summary>
public sealed class LocalService : IAsyncDisposable
{
    private readonly PackageEnvironments _environments;
    private readonly OwnedFolderOnDemand _workDirectory;
    private readonly ForkServers _forkServers;
    private readonly JobWatchdog _watchdog;
    private readonly TimeProvider _time;

    private LocalService(ServiceSettings settings, ILoggerFactory logs, TimeProvider time)
    {
        _time = time;
        _environments = new PackageEnvironments(settings.Execution, settings.Packages, time, logs);
        _workDirectory = new OwnedFolderOnDemand(settings.Execution.WorkDirectory);
        Slots = new JobSlots(settings.Execution, time);
        _forkServers = new ForkServers(_environments, () => _workDirectory.Path, settings.Execution, time, logs.CreateLogger<ForkServers>());
        _watchdog = new JobWatchdog(settings.Execution.Limits, time, logs.CreateLogger<JobWatchdog>());
        Executor = new PythonExecutor(_environments, _forkServers, _watchdog, () => _workDirectory.Path, settings.Execution, time, logs.CreateLogger<PythonExecutor>());
        Runner = new BoundedRunner(Executor, Slots);
    }

    /// <summary>Runs jobs, at most <see cref="ExecutionOptions.Concurrency"/> at once.</summary>
    public IJobRunner Runner { get; }

    /// <summary>Runs jobs without a bound: for a caller that keeps to <see cref="Slots"/> itself.</summary>
    public PythonExecutor Executor { get; }

    /// <summary>How many run and wait.</summary>
    public JobSlots Slots { get; }

    /// <summary>Puts the parts together. Starts nothing: Python is looked for at the first job.</summary>
    /// <param name="settings">The checked settings.</param>
    /// <param name="logs">Where the parts log.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static LocalService Create(ServiceSettings settings, ILoggerFactory logs, TimeProvider? time = null) => new(settings, logs, time ?? TimeProvider.System);

    /// <summary>Whether a job with these packages would find them ready.</summary>
    public bool Holds(IReadOnlyList<PackageRequirement> packages) => _environments.Holds(packages);

    /// <summary>Gets ready for the first job while nobody waits for it yet; no step of it holds the caller up. Throws nothing.</summary>
    /// <param name="cancel">Ends it.</param>
    /// <param name="forkServersAfter">How long fork servers wait: starting one takes the cores from a call that comes at once.</param>
    public Task PrepareAsync(CancellationToken cancel, TimeSpan forkServersAfter = default) => Task.Run(
        async () =>
        {
            var prepared = await _environments.PrepareAsync(cancel);
            await Task.Delay(forkServersAfter, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancel.IsCancellationRequested) return;
            _forkServers.Open();
            if (prepared is not null)
                await _forkServers.EnsureAsync(prepared, FrozenSet<string>.Empty, isBase: true).WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        },
        CancellationToken.None);

    /// <summary>Gets the interpreter found and the pre-warmed packages installed, in the background of calls. Throws only when cancelled.</summary>
    public async Task PrewarmAsync(CancellationToken cancel)
    {
        await PrepareAsync(cancel);
        await _environments.PrewarmAsync(cancel);
        // Where the packages were missing there is another base now.
        await PrepareAsync(cancel);
        await _forkServers.PrewarmAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _forkServers.DisposeAsync();
        _watchdog.Dispose();
        _environments.Dispose();
        _workDirectory.Dispose();
        Slots.Dispose();
    }
}
