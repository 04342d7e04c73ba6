using System.Collections.ObjectModel;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Forking;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker;

/// <summary>
/// Everything that runs Python inside this process: the executor, its packages and the bound on how many jobs run and wait. What
/// STDIO, embedded mode and the command line stand on. Any thread; dispose it after the last call has ended.
/// </summary>
public sealed class LocalService : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly PackageEnvironments _environments;
    private readonly OwnedFolderOnDemand _workDirectory;
    private readonly ForkServers _forkServers;
    private readonly SharedMemory _sharedMemory;
    private readonly JobWatchdog _watchdog;
    private readonly TimeProvider _time;
    private readonly LayerTrial _trial;

    private LocalService(ServiceSettings settings, SandboxPlan plan, ILoggerFactory logs, TimeProvider time)
    {
        (_time, Sandbox) = (time, plan);
        _trial = new LayerTrial(plan, time, logs.CreateLogger<LayerTrial>());
        _environments = new PackageEnvironments(settings.Execution, settings.Packages, plan, time, logs);
        _workDirectory = new OwnedFolderOnDemand(settings.Execution.WorkDirectory, plan.Code);
        Slots = new JobSlots(settings.Execution, time);
        _forkServers = new ForkServers(_environments, () => _workDirectory.Path, plan, settings.Execution, time, logs.CreateLogger<ForkServers>());
        _sharedMemory = new SharedMemory(plan.Code, time);
        _watchdog = new JobWatchdog(settings.Execution.Limits, _sharedMemory, time, logs.CreateLogger<JobWatchdog>());
        Executor = new PythonExecutor(_environments, _forkServers, _watchdog, _sharedMemory, () => _workDirectory.Path, plan, settings.Execution, time, logs.CreateLogger<PythonExecutor>());
        Runner = new BoundedRunner(Executor, Slots);
    }

    /// <summary>Runs jobs, at most <see cref="ExecutionOptions.Concurrency"/> at once.</summary>
    public IJobRunner Runner { get; }

    /// <summary>Runs jobs without a bound: for a caller that keeps to <see cref="Slots"/> itself.</summary>
    public PythonExecutor Executor { get; }

    /// <summary>How many run and wait.</summary>
    public JobSlots Slots { get; }

    /// <summary>What confines code here.</summary>
    public SandboxPlan Sandbox { get; }

    /// <summary>Done when this process must end, with what to tell: SANDBOX=strict, and a trial has shown that this host refuses a layer.</summary>
    public Task<SettingsException> Unfit => _trial.Unfit;

    /// <summary>Puts the parts together. Starts nothing: Python is looked for at the first job.</summary>
    /// <param name="settings">The checked settings.</param>
    /// <param name="logs">Where the parts log.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="SettingsException">SANDBOX=strict, and this host lacks a layer.</exception>
    public static LocalService Create(ServiceSettings settings, ILoggerFactory logs, TimeProvider? time = null) => Create(settings, new SandboxPlan(settings), logs, time);

    /// <summary>The same with a plan of the caller's.</summary>
    internal static LocalService Create(ServiceSettings settings, SandboxPlan plan, ILoggerFactory logs, TimeProvider? time)
    {
        if (plan.Objection is { } objection) throw objection;
        Strays.Adopt();
        return new LocalService(settings, plan, logs, time ?? TimeProvider.System);
    }

    /// <summary>Whether a job with these packages would find them ready.</summary>
    public bool Holds(IReadOnlyList<PackageRequirement> packages) => _environments.Holds(packages);

    /// <summary>Gets ready for the first job while nobody waits for it yet; no step of it holds the caller up. Throws nothing.</summary>
    /// <param name="cancel">Ends it.</param>
    /// <param name="forkServersAfter">
    /// How long fork servers wait: starting one takes the cores from a call that comes at once. For that call an interpreter is started ahead.
    /// </param>
    public Task PrepareAsync(CancellationToken cancel, TimeSpan forkServersAfter = default) => Task.Run(
        async () =>
        {
            var prepared = await _environments.PrepareAsync(cancel);
            if (forkServersAfter > TimeSpan.Zero && prepared is not null && !cancel.IsCancellationRequested) Executor.StartAhead(prepared);
            await Task.Delay(forkServersAfter, _time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancel.IsCancellationRequested) return;
            if (prepared is not null) await _trial.BeginAsync(prepared.Interpreter, cancel);
            if (cancel.IsCancellationRequested || Unfit.IsCompleted) return;
            _forkServers.Open();
            if (prepared is not null)
                await _forkServers.EnsureAsync(prepared, ReadOnlySet<string>.Empty, isBase: true).WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Executor.EndAhead();
        },
        CancellationToken.None);

    /// <summary>Starts an interpreter for a call that may come at once, in the environment of calls without packages.</summary>
    internal async Task StartAheadAsync(CancellationToken cancel)
    {
        if (await _environments.PrepareAsync(cancel) is { } prepared) Executor.StartAhead(prepared);
    }

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
        // The last results are out; what ran for them is on its way out.
        await Slots.CloseAsync(EndLimit);
        Executor.EndAhead();
        await _trial.DisposeAsync();
        await _forkServers.DisposeAsync();
        _watchdog.Dispose();
        _sharedMemory.Dispose();
        _environments.Dispose();
        _workDirectory.Dispose();
        Slots.Dispose();
    }
}
