using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// From requirements to an environment that is ready to use: one that was built before, the pre-warmed base when it holds all that is
/// wanted, else a new one. Any thread.
/// </summary>
public sealed partial class PackageEnvironments : IDisposable
{
    private const int BuildAttempts = 3;
    private const int MostPrewarmed = 8;

    private readonly ExecutionOptions _execution;
    private readonly PackageOptions _options;
    private readonly EnvironmentStore _store;
    private readonly Pip _pip;
    private readonly EnvironmentBuilder _builder;
    private readonly CacheEviction _eviction;
    private readonly WantedSets _wanted;
    private readonly ILogger _log;
    private readonly SharedBuilds _builds = new();
    private readonly BaseContent _baseContent;
    private readonly Lazy<IReadOnlyList<PackageRequirement>> _prewarmed;
    private readonly SemaphoreSlim _finding = new(1);
    private PythonInterpreter? _interpreter;
    private PackageEnvironment? _plainPlace;
    private PackageEnvironment? _prewarmedPlace;

    /// <summary>Puts the parts together; touches nothing yet.</summary>
    public PackageEnvironments(ExecutionOptions execution, PackageOptions options, SandboxPlan plan, TimeProvider time, ILoggerFactory logs)
    {
        _execution = execution;
        _options = options;
        _store = new EnvironmentStore(options, time);
        _pip = new Pip(options, plan, time, logs.CreateLogger<Pip>());
        _builder = new EnvironmentBuilder(options, plan, _store, _pip, time, logs.CreateLogger<EnvironmentBuilder>());
        _eviction = new CacheEviction(options, logs.CreateLogger<CacheEviction>());
        _baseContent = new BaseContent(plan);
        _wanted = new WantedSets(options, time);
        _log = logs.CreateLogger<PackageEnvironments>();
        _prewarmed = new Lazy<IReadOnlyList<PackageRequirement>>(() => PrewarmedPackages.Read(options, _log));
    }

    /// <summary>Gets an environment that holds a set of packages, for as long as the lease is kept.</summary>
    /// <param name="requirements">The set; empty for none.</param>
    /// <param name="progress">Told each line that pip prints, if it has to run.</param>
    /// <param name="cancel">Ends the wait, and pip when nobody else waits for it.</param>
    /// <exception cref="InstallFailedException">The set can't be installed.</exception>
    /// <exception cref="RunnerException">There is no usable Python, or it has no pip.</exception>
    public async Task<EnvironmentLease> AcquireAsync(IReadOnlyList<PackageRequirement> requirements, Action<string> progress, CancellationToken cancel)
    {
        var interpreter = await InterpreterAsync(cancel);
        if (requirements.Count == 0) return LeaseBase(interpreter);
        var lease = await AcquireAsync(requirements, interpreter, progress, cancel);
        _wanted.Count(requirements);
        return lease;
    }

    /// <summary>Takes an environment that was acquired before into use again; null when it was evicted meanwhile.</summary>
    public EnvironmentLease? TryLease(PackageEnvironment environment) => _store.TryLease(environment);

    /// <summary>The sets of packages that calls asked for most, most first: what is worth being ready for.</summary>
    /// <param name="most">No more than so many.</param>
    public IReadOnlyList<WantedSet> MostWanted(int most) => _wanted.Top(most);

    /// <summary>Whether <see cref="AcquireAsync(IReadOnlyList{PackageRequirement}, Action{string}, CancellationToken)"/> would find this set ready, as far as that can be told at a glance.</summary>
    public bool Holds(IReadOnlyList<PackageRequirement> requirements)
    {
        if (_interpreter is not { } interpreter) return false;
        var environment = _store.Locate(EnvironmentKey.Of(requirements, interpreter, _options, PrewarmedEnvironment(interpreter)?.Key), interpreter);
        return File.Exists(environment.Manifest) || _baseContent.IsKnownToSatisfy(environment.Key);
    }

    /// <summary>The environments of those sets that are in place.</summary>
    /// <param name="most">No more than so many.</param>
    /// <param name="cancel">Ends the search for the interpreter.</param>
    /// <exception cref="RunnerException">There is no usable Python.</exception>
    public async Task<IReadOnlyList<PackageEnvironment>> MostWantedInPlaceAsync(int most, CancellationToken cancel)
    {
        var interpreter = await InterpreterAsync(cancel);
        var behind = PrewarmedEnvironment(interpreter);
        return
        [
            .. MostWanted(most)
                .Select(wanted => _store.Locate(EnvironmentKey.Of(wanted.Requirements, interpreter, _options, behind?.Key), interpreter) with { Behind = behind?.Root })
                .Where(environment => File.Exists(environment.Manifest)),
        ];
    }

    /// <summary>Finds the interpreter and makes the base, so that the first job needn't wait for that. Throws nothing: the job will say.</summary>
    /// <returns>The base; null when it could not be made.</returns>
    public async Task<PackageEnvironment?> PrepareAsync(CancellationToken cancel)
    {
        try
        {
            using var lease = LeaseBase(await InterpreterAsync(cancel));
            return lease.Environment;
        }
        catch (Exception fault) when (fault is RunnerException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            // The same happens to the first job, which has a caller to tell.
            return null;
        }
    }

    /// <summary>
    /// Finds the interpreter, installs the pre-warmed packages where they are missing, then makes the environments that calls asked for most,
    /// one at a time: they may have been evicted, or the interpreter is another one. Throws only when cancelled.
    /// </summary>
    public async Task PrewarmAsync(CancellationToken cancel)
    {
        try
        {
            var interpreter = await InterpreterAsync(cancel);
            await PrewarmBaseAsync(interpreter, cancel);
            _pip.WarmUp(interpreter);
            foreach (var wanted in MostWanted(MostPrewarmed)) await PrewarmAsync(wanted, interpreter, cancel);
        }
        catch (Exception fault) when (fault is RunnerException or IOException or UnauthorizedAccessException)
        {
            // Calls still work: each installs what it asks for.
            LogNotPrewarmed(fault.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wanted.Dispose();
        _pip.Dispose();
        _builder.Dispose();
        _finding.Dispose();
    }

    private async Task PrewarmBaseAsync(PythonInterpreter interpreter, CancellationToken cancel)
    {
        using var lease = LeaseBase(interpreter);
        LogPython(interpreter.Path, interpreter.Version, interpreter.PipVersion ?? "none");
        if (_prewarmed.Value is not { Count: > 0 } wanted || PrewarmedEnvironment(interpreter) is not null) return;
        var environment = PrewarmedPlace(interpreter);
        if (await SatisfiedByBaseAsync(wanted, environment.Key, interpreter, cancel)) return;
        try
        {
            await _builds.JoinAsync(environment.Key, (report, end) => BuildAsync(environment, wanted, interpreter, null, report, end), _ => { }, cancel);
        }
        catch (InstallFailedException fault)
        {
            LogNotPrewarmed(fault.Message);
        }
    }

    private async Task PrewarmAsync(WantedSet wanted, PythonInterpreter interpreter, CancellationToken cancel)
    {
        try
        {
            using var lease = await AcquireAsync(wanted.Requirements, interpreter, _ => { }, cancel);
        }
        catch (InstallFailedException fault)
        {
            // Not there any more, most often; the call that asks for it will hear why.
            LogWantedNotPrewarmed(string.Join(", ", wanted.Requirements), fault.Message);
        }
    }

    private async Task<EnvironmentLease> AcquireAsync(IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, Action<string> progress, CancellationToken cancel)
    {
        var behind = PrewarmedEnvironment(interpreter);
        var environment = _store.Locate(EnvironmentKey.Of(requirements, interpreter, _options, behind?.Key), interpreter) with { Behind = behind?.Root };
        if (_store.TryLease(environment) is { } lease) return lease.As(PackagesCache.Hit);
        if (await SatisfiedByBaseAsync(requirements, environment.Key, interpreter, cancel)) return LeaseBase(interpreter).As(PackagesCache.Hit);

        for (var attempt = 1; ; attempt++)
        {
            await _builds.JoinAsync(environment.Key, (report, end) => BuildAsync(environment, requirements, interpreter, behind, report, end), progress, cancel);
            if (_store.TryLease(environment) is { } built) return built.As(PackagesCache.Miss);
            // In a cache that is too small for what is asked of it at once, another call's eviction may come in between.
            if (attempt == BuildAttempts) throw new IOException($"Environment {environment.Key} was built but can't be read in {environment.Root}.");
        }
    }

    private async Task BuildAsync(
        PackageEnvironment environment, IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, PackageEnvironment? behind, Action<string> report, CancellationToken cancel)
    {
        // Somebody may have finished it between our look and our turn.
        using (var built = _store.TryLease(environment))
            if (built is not null) return;
        // In use until the eviction is over, else a set larger than the whole cache would be gone before its first job.
        using (await _builder.BuildAsync(environment, requirements, interpreter, behind, report, cancel))
            _eviction.Run([PrewarmedPlace(interpreter).Key, PlainPlace(interpreter).Key], _builder.Aside);
    }

    // The environment of calls that name no packages: the pre-warmed one if it was built, else one without packages of its own.
    private EnvironmentLease LeaseBase(PythonInterpreter interpreter)
    {
        if (PrewarmedEnvironment(interpreter) is { } prewarmed && _store.TryLease(prewarmed) is { } lease) return lease;
        var plain = PlainPlace(interpreter);
        return _store.TryLease(plain) ?? _builder.BuildPlain(plain, interpreter);
    }

    private PackageEnvironment? PrewarmedEnvironment(PythonInterpreter interpreter) =>
        _prewarmed.Value.Count > 0 && PrewarmedPlace(interpreter) is var place && File.Exists(place.Manifest) ? place : null;

    // Every call asks for one of the two, and a process finds its interpreter once.
    private PackageEnvironment PlainPlace(PythonInterpreter interpreter) => _plainPlace ??= _store.Locate(EnvironmentKey.OfBase([], interpreter, _options), interpreter);

    private PackageEnvironment PrewarmedPlace(PythonInterpreter interpreter) =>
        _prewarmedPlace ??= _store.Locate(EnvironmentKey.OfBase(_prewarmed.Value, interpreter, _options), interpreter);

    private async Task<bool> SatisfiedByBaseAsync(IReadOnlyList<PackageRequirement> requirements, string key, PythonInterpreter interpreter, CancellationToken cancel)
    {
        // Nobody resolves what the base has, so a set that was resolved needs no look into it.
        if (interpreter.PipVersion is null || _builder.Knows(key)) return false;
        using var lease = LeaseBase(interpreter);
        return await _baseContent.SatisfiesAsync(requirements, key, lease.Environment, cancel);
    }

    private async ValueTask<PythonInterpreter> InterpreterAsync(CancellationToken cancel)
    {
        if (_interpreter is { } found) return found;
        await _finding.WaitAsync(cancel);
        try
        {
            // Only success is kept: a Python that is installed later is found without a restart.
            return _interpreter ??= await PythonInterpreter.FindAsync(_execution.Python, cancel);
        }
        finally
        {
            _finding.Release();
        }
    }

    [LoggerMessage(413, LogLevel.Information, "Python is {Path}, version {Version}, pip {Pip}")]
    private partial void LogPython(string path, string version, string pip);

    [LoggerMessage(414, LogLevel.Warning, "The pre-warmed packages could not be installed; calls install what they ask for. {Reason}")]
    private partial void LogNotPrewarmed(string reason);

    [LoggerMessage(415, LogLevel.Information, "{Packages} could not be pre-warmed though calls asked for it: {Reason}")]
    private partial void LogWantedNotPrewarmed(string packages, string reason);
}
