using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Worker;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Support;

/// <summary>
/// The real thing, LocalService, with folders of its own and pip kept offline. Disposing it checks what every test promises besides
/// its own: no file and no process is left.
/// </summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<TestRun> _runs = [];
    private Task? _stopping;

    /// <summary>Starts a service.</summary>
    /// <param name="execution">Changes to how jobs run.</param>
    /// <param name="packages">Changes to how packages are installed.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <param name="sandbox">How code is confined; as by default when null.</param>
    /// <param name="without">Layers that are left out, to see what they are good for.</param>
    public TestService(
        Func<ExecutionOptions, ExecutionOptions>? execution = null, Func<PackageOptions, PackageOptions>? packages = null, TimeProvider? time = null,
        SandboxOptions? sandbox = null, params IEnumerable<SandboxLayer> without)
    {
        Wheels = new WheelFolder(_folder["wheels"]);
        var executionOptions = new ExecutionOptions { Python = Python, WorkDirectory = WorkDirectory };
        var packageOptions = new PackageOptions
        {
            CacheDirectory = _folder["cache"],
            PrewarmRequirements = _folder["requirements.txt"],
            PipEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PIP_NO_INDEX"] = "1", ["PIP_FIND_LINKS"] = Wheels.Path },
        };
        Settings = new ServiceSettings { Execution = execution?.Invoke(executionOptions) ?? executionOptions, Packages = packages?.Invoke(packageOptions) ?? packageOptions, Sandbox = sandbox ?? new SandboxOptions() };
        Local = LocalService.Create(Settings, new SandboxPlan(Settings, without), Logs, time);
    }

    /// <summary>The interpreter of the tests: PYTHON, else Debian's.</summary>
    public static string Python { get; } = Environment.GetEnvironmentVariable("PYTHON") is { Length: > 0 } python ? python : "/usr/bin/python3";

    public ServiceSettings Settings { get; }

    public LocalService Local { get; }

    public CollectedLogs Logs { get; } = new();

    public WheelFolder Wheels { get; }

    /// <summary>The folder of everything; gone at the end.</summary>
    public TestFolder Folder => _folder;

    public string WorkDirectory => _folder["work"];

    /// <summary>The environments in place.</summary>
    public IReadOnlyList<string> Environments => [.. Directory.EnumerateDirectories(_folder["cache/environments"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>The processes of jobs, without the fork servers.</summary>
    public IReadOnlyList<int> JobProcesses => [.. ProcessTable.Within(_folder.Path).Where(ProcessTable.IsOfJob)];

    /// <summary>The fork servers, without the children that wait for jobs; those of a lost one are ours for a moment.</summary>
    public IReadOnlyList<int> ForkServers => [.. ProcessTable.Within(_folder.Path).Where(pid => ProcessTable.IsForkServer(pid) && ProcessTable.Parent(pid) == Environment.ProcessId && ProcessTable.WaitsForEvents(pid))];

    /// <summary>The children of fork servers that wait for jobs, and those that have just taken one.</summary>
    public IReadOnlyList<int> WaitingChildren => [.. ProcessTable.Within(_folder.Path).Where(pid => ProcessTable.IsForkServer(pid) && ProcessTable.Parent(pid) != Environment.ProcessId)];

    /// <summary>The folders that hold something of a job; those that wait empty for the next one, and the fork servers', don't count.</summary>
    public IReadOnlyList<string> JobFolders => JobFoldersIn(Settings.Execution.WorkDirectory);

    /// <summary>The same in any process's work directory.</summary>
    public static IReadOnlyList<string> JobFoldersIn(string workDirectory) =>
        !Directory.Exists(workDirectory) ? [] : [.. Directory.EnumerateDirectories(workDirectory).SelectMany(Directory.EnumerateDirectories).Where(path => !Path.GetFileName(path).StartsWith("server-", StringComparison.Ordinal) && !IsEmpty(path))];

    // As it was made: two empty folders.
    private static bool IsEmpty(string jobFolder) =>
        TestFolder.Content(jobFolder).Order(StringComparer.Ordinal).SequenceEqual([Path.Combine(jobFolder, "home"), Path.Combine(jobFolder, "tmp")], StringComparer.Ordinal);

    /// <summary>The unpacked wheels in place, each by its folder.</summary>
    public IReadOnlyList<string> StoredWheels => !Directory.Exists(_folder["cache/wheels"]) ? [] : [.. Directory.EnumerateDirectories(_folder["cache/wheels"]).SelectMany(Directory.EnumerateDirectories)];

    /// <summary>Starts a job.</summary>
    public TestRun Start(ExecutionJob job)
    {
        var run = new TestRun(Local.Runner, job);
        _runs.Add(run);
        return run;
    }

    /// <summary>Runs a job to its end.</summary>
    public async Task<ExecutionResult> RunAsync(string code, params string[] packages) => await Start(Jobs.Python(code, packages)).Finished;

    /// <summary>Ends the service, before the test does.</summary>
    public Task StopAsync() => _stopping ??= Local.DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        // A test that failed midway leaves jobs under way.
        foreach (var run in _runs) run.Stop.Request(StopReason.ShuttingDown);
        await ((Task)Task.WhenAll(_runs.Select(run => run.Finished))).Within().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // A call's answer comes before its folder is removed, and its slot is free after it. A service that was stopped has taken them all.
        if (_stopping is null) await Eventually.HoldsAsync(() => Local.Slots.Running == 0, "an end of the calls that the test made by itself");

        // "Finished" is said last, so what is left now was left behind. Processes first: they might write on.
        var processes = JobProcesses;
        foreach (var pid in processes) ProcessTable.Kill(pid);
        // The lock file is this process's own.
        var files = JobFolders
            .Concat(TestFolder.Content(_folder["cache/building"]).Where(path => Path.GetFileName(path) != ".owner" && Path.GetDirectoryName(path) != _folder["cache/building"]))
            .ToList();
        await StopAsync().Within();
        foreach (var run in _runs) run.Dispose();
        await Eventually.HoldsAsync(() => ProcessTable.Within(_folder.Path).Count == 0, "an end of the fork servers");
        var afterwards = TestFolder.Content(WorkDirectory).Concat(TestFolder.Content(_folder["cache/building"])).ToList();
        _folder.Dispose();

        Assert.Empty(processes);
        Assert.Empty(files);
        Assert.Empty(afterwards);
        Assert.DoesNotContain(Logs.Errors, line => line.Contains("left", StringComparison.Ordinal) || line.Contains("SIGKILL", StringComparison.Ordinal));
    }
}
