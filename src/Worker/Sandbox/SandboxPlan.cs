using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// Which layers this process uses, and from them what each kind of child is confined to. The kernel is asked in microseconds, so that all is
/// known before the first child; <see cref="SandboxProbe"/> tries it out beside it. Any thread.
/// </summary>
public sealed class SandboxPlan
{
    // What jobs need in order to end is kept in any case.
    private static readonly SandboxLayer[] Always = [SandboxLayer.Session, SandboxLayer.Inheritance, SandboxLayer.Subreaper, SandboxLayer.Limits];

    private readonly SandboxOptions _options;
    private readonly PackageOptions _packages;
    private readonly long _memoryBytes;
    private readonly HashSet<SandboxLayer> _without;
    private readonly string? _filterOfCode;
    private readonly string? _filterOfPip;
    private readonly ForeignUser _code = ForeignUser.Ourselves;
    private readonly ForeignUser _builder = ForeignUser.Ourselves;
    private readonly IReadOnlyList<string> _incapable = [];
    private readonly string? _barred;
    private readonly string? _pipBarred;
    private volatile IReadOnlyDictionary<string, string>? _refused;

    /// <summary>Makes the plan of this process.</summary>
    /// <param name="settings">The checked settings.</param>
    public SandboxPlan(ServiceSettings settings)
        : this(settings, [])
    {
    }

    /// <summary>The same without some layers, for tests: what each is good for shows when it is missing.</summary>
    internal SandboxPlan(ServiceSettings settings, IEnumerable<SandboxLayer> without)
    {
        (_options, _packages, _memoryBytes, _without) = (settings.Sandbox, settings.Packages, settings.Execution.Limits.MemoryBytes, [.. without]);
        if (Wants(SandboxLayer.User) && Environment.IsPrivilegedProcess) _incapable = OwnCapabilities.MissingForAnotherUser();
        if (Wants(SandboxLayer.User) && Environment.IsPrivilegedProcess && _incapable.Count == 0)
        {
            var code = new ForeignUser((uint)_options.UserId);
            _barred = Barred(code, settings);
            if (_barred is null) _code = code;
            // What pip is to read, an index in a private folder, say, is the operator's: it stays readable.
            _pipBarred = Reach.NamedBy(_packages.PipEnvironment).Select(path => code.StoppedAt(path)).FirstOrDefault(folder => folder is not null);
            if (_barred is null && _pipBarred is null) _builder = new ForeignUser((uint)_options.UserId + 1);
        }
        if (Wants(SandboxLayer.SystemCalls) && Kernel.ProcessControl(Kernel.GetSeccomp, 0, 0, 0, 0) >= 0)
            (_filterOfCode, _filterOfPip) = (SystemCallFilter.Write(Environment.ProcessId, _options.Network), SystemCallFilter.Write(Environment.ProcessId, NetworkAccess.On));
    }

    /// <summary>What happens where a layer is missing.</summary>
    public SandboxMode Mode => _options.Mode;

    /// <summary>Who code runs as.</summary>
    internal ForeignUser Code => IsRefused("user") ? ForeignUser.Ourselves : _code;

    /// <summary>Who pip and the unpacking of wheels run as. Not as code: what they make must not be in its reach before it is ours.</summary>
    internal ForeignUser Builder => IsRefused("user") ? ForeignUser.Ourselves : _builder;

    /// <summary>The layers as they are here, in order.</summary>
    public IReadOnlyList<LayerFinding> Layers => [.. SandboxLayer.All.Select(Find)];

    /// <summary>Those that <c>SANDBOX=strict</c> asks for and the host lacks.</summary>
    public IReadOnlyList<LayerFinding> Missing => [.. Layers.Where(finding => finding.State is LayerState.Off)];

    /// <summary>Whether files are confined, and with them signals and what belongs to other processes.</summary>
    internal bool ConfinesFiles => Wants(SandboxLayer.Files) && LandlockRuleset.Version > 0 && !IsRefused("domain");

    /// <summary>Tries every layer in a process that is thrown away; from then on <see cref="Layers"/> is what came of it.</summary>
    /// <param name="interpreter">The Python that applies them.</param>
    /// <param name="cancel">Ends the trial; then nothing is known that wasn't before.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <returns>Why nothing was found out, as on a host that is out of memory or processes at this moment; null when it was.</returns>
    public async Task<string?> TryAsync(string interpreter, CancellationToken cancel)
    {
        var (refused, unfinished) = await SandboxProbe.RunAsync(ForTrial(interpreter), interpreter, cancel);
        if (refused is null) return unfinished;
        _refused = refused;
        return null;
    }

    /// <summary>What keeps this process from starting, or from going on: SANDBOX=strict, and the host lacks a layer, as far as is known by now.</summary>
    public SettingsException? Objection => Mode is SandboxMode.Strict && Missing is { Count: > 0 } missing
        ? new SettingsException([.. missing.Select(finding => $"SANDBOX=strict, but the layer \"{finding.Layer.Name}\" is missing: {finding.Detail}. Run on a host that has it, or set SANDBOX=auto.")])
        : null;

    /// <summary>For a fork server. It reaches the folders of all jobs, since its children can't reach more than it does.</summary>
    /// <param name="environment">Its packages.</param>
    /// <param name="workDirectory">The folder of this process's jobs.</param>
    internal Confinement ForServer(PackageEnvironment environment, string workDirectory) =>
        Confine(environment.Interpreter, Code, _filterOfCode, OfEnvironment(environment).Reading("/proc").Writing(workDirectory));

    /// <summary>For a job in an interpreter of its own.</summary>
    /// <param name="environment">Its packages.</param>
    /// <param name="workspace">Its folder.</param>
    internal Confinement ForJob(PackageEnvironment environment, Workspace workspace) => Confine(
        environment.Interpreter, Code, _filterOfCode,
        OfEnvironment(environment).Reading("/proc").Writing(workspace.Home, workspace.Temporary), OfJob(environment.Interpreter, workspace));

    /// <summary>For a question of ours to an environment: what its packages do at every start of Python, they do there, too.</summary>
    internal Confinement ForQuestion(PackageEnvironment environment) => Confine(environment.Interpreter, Code, _filterOfCode, OfEnvironment(environment));

    /// <summary>For pip, and for the unpacking of wheels. It has the network in any case: the index is somewhere.</summary>
    /// <param name="interpreter">Whose pip.</param>
    /// <param name="readable">What it needs beside the host and what pip's settings name.</param>
    /// <param name="writable">All that it may change.</param>
    /// <param name="compiles">Whether it may run the build code of packages.</param>
    internal Confinement ForBuild(PythonInterpreter interpreter, IEnumerable<string> readable, IEnumerable<string> writable, bool compiles = false)
    {
        Builder.LetThrough(_packages.CacheDirectory);
        var reach = Reach.OfHost(interpreter.Path).Reading(Reach.NamedBy(_packages.PipEnvironment)).Reading(readable).Writing(writable).SharingMemory();
        return Confine(interpreter.Path, Builder, _filterOfPip, reach) with { Limits = ProcessLimits.OfInstaller(_packages.CacheMaxBytes, compiles ? null : _memoryBytes) };
    }

    /// <summary>For a trial of every layer.</summary>
    private Confinement ForTrial(string interpreter) =>
        Confine(interpreter, Code, _filterOfCode, Reach.OfHost(interpreter), Reach.OfJob(interpreter).Connecting(_options)) with { FailsOpen = true, Reports = true };

    /// <summary>What one job of a fork server enters, made once for its folder; null where there is no Landlock.</summary>
    internal LandlockRuleset? DomainOf(PackageEnvironment environment, Workspace workspace) =>
        ConfinesFiles ? LandlockRuleset.Create(OfJob(environment.Interpreter, workspace), Scoped) : null;

    private bool Scoped => Wants(SandboxLayer.Signals);

    private Reach OfJob(string interpreter, Workspace workspace) =>
        Reach.OfJob(interpreter).Reading(Path.Combine(_packages.CacheDirectory, EnvironmentStore.FolderName)).Writing(workspace.Home, workspace.Temporary).Connecting(_options);

    private Reach OfEnvironment(PackageEnvironment environment)
    {
        foreach (var folder in new[] { _packages.CacheDirectory, Path.GetDirectoryName(environment.Root)!, environment.Root }) Code.LetThrough(folder);
        if (environment.Behind is { } behind) Code.LetThrough(behind);
        return Reach.OfHost(environment.Interpreter).Reading(environment.Root, environment.Behind ?? environment.Root).SharingMemory().Connecting(_options);
    }

    private Confinement Confine(string interpreter, ForeignUser user, string? filter, params IReadOnlyList<Reach> reaches) => new(interpreter)
    {
        User = user,
        KeepsOrphans = !IsRefused("subreaper"),
        NoNewPrivileges = Wants(SandboxLayer.NoNewPrivileges) && !IsRefused("no-new-privileges"),
        Reaches = ConfinesFiles ? reaches : [],
        Scoped = Scoped,
        SystemCalls = IsRefused("system-calls") ? null : filter,
        FailsOpen = _refused is null && _options.Mode is not SandboxMode.Strict,
    };

    private LayerFinding Find(SandboxLayer layer)
    {
        LayerFinding On(string detail) => new(layer, LayerState.On, detail);
        LayerFinding Off(string detail) => new(layer, LayerState.Off, detail);
        LayerFinding NotNeeded(string detail) => new(layer, LayerState.NotNeeded, detail);

        if (!Wants(layer)) return Off("SANDBOX=off");
        if (_refused is not null && _refused.TryGetValue(layer.AppliedAs, out var refusal)) return Off($"this host refuses it: {refusal}");
        var landlock = LandlockRuleset.Version;
        if (layer == SandboxLayer.User)
        {
            if (!Environment.IsPrivilegedProcess) return NotNeeded("we are not root; code runs as we do");
            if (_incapable.Count > 0) return Off($"we are root without {string.Join(", ", _incapable)}; so code is root, too, without root's capabilities; start the container with these (--cap-add), or as another user");
            if (_barred is null) return On($"code is {_options.UserId}, pip {(_pipBarred is null ? $"{_options.UserId + 1}" : $"root, since {_options.UserId + 1} can't enter {_pipBarred}")}");
            return Off($"user {_options.UserId} can't enter {_barred}; so code is root without root's capabilities; move WORK_DIR, PACKAGE_CACHE_DIR or PYTHON to where others can pass");
        }
        if (layer == SandboxLayer.Files) return landlock > 0 ? On($"Landlock {landlock}") : Off("this kernel, or the container's rules, have no Landlock (Linux 5.13)");
        if (layer == SandboxLayer.Signals) return landlock >= 6 ? On($"Landlock {landlock}") : Off($"Landlock is {landlock}, and 6 is needed (Linux 6.12)");
        if (layer == SandboxLayer.Ports)
        {
            if (_options.Network is NetworkAccess.On) return NotNeeded("NETWORK=on");
            return landlock >= 4 ? On($"Landlock {landlock}") : Off($"Landlock is {landlock}, and 4 is needed (Linux 6.7)");
        }
        if (layer == SandboxLayer.ClosedWorker) return ClosedProcess.IsClosed ? On("not dumpable, no diagnostics socket") : Off("this process has not closed itself");
        if (layer == SandboxLayer.SystemCalls) return _filterOfCode is not null ? On($"seccomp, network {Network()}") : Off("this kernel or processor has no seccomp filter that we know");
        return On(layer == SandboxLayer.Limits ? "core dumps off" : "as on every host");
    }

    private string Network() => _options.Network is NetworkAccess.Off ? "off" : "on";

    // Folders of ours are let through; whose parents stop them is not ours to decide.
    private static string? Barred(ForeignUser code, ServiceSettings settings)
    {
        var environments = Path.Combine(settings.Packages.CacheDirectory, EnvironmentStore.FolderName);
        return code.StoppedAt(Path.Combine(settings.Execution.WorkDirectory, "job"), settings.Execution.WorkDirectory)
            ?? code.StoppedAt(Path.Combine(environments, "environment"), environments, settings.Packages.CacheDirectory)
            ?? (PythonInterpreter.Locate(settings.Execution.Python) is { } python ? code.StoppedAt(python) ?? code.StoppedAt(Target(python)) : null);
    }

    // An interpreter in a home folder is often a link or a version manager's script on PATH; whoever can't enter that home can't start it.
    private static string Target(string python) => File.ResolveLinkTarget(python, returnFinalTarget: true)?.FullName ?? python;

    private bool Wants(SandboxLayer layer) => (_options.Mode is not SandboxMode.Off || Always.Contains(layer)) && !_without.Contains(layer);

    // What is demanded is not left out, whatever was found: then nothing starts.
    private bool IsRefused(string name) => Mode is not SandboxMode.Strict && _refused?.ContainsKey(name) == true;
}
