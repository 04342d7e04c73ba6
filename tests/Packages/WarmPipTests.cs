using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Packages;

/// <summary>A pip that is kept warm says and does what a fresh one does, and ends when it should.</summary>
public sealed class WarmPipTests
{
    [Fact]
    public async Task A_warm_pip_says_and_does_what_a_fresh_one_does()
    {
        using var folder = new TestFolder();
        var options = Options(folder);
        new WheelFolder(folder["wheels"]).Add("teapot", "3.0", requires: ["kettle"]).Add("kettle", "1.0");
        var interpreter = await PythonInterpreter.FindAsync(TestService.Python, CancellationToken.None);
        var plan = new SandboxPlan(new ServiceSettings { Packages = options, Sandbox = new SandboxOptions { Mode = SandboxMode.Off } });
        using var warm = await WarmPip.StartAsync(interpreter, folder.Path, ForeignUser.Ourselves, plan.ForBuild(interpreter, [folder.Path], [folder.Path]), CancellationToken.None);
        foreach (var set in new[] { "kettle", "teapot", "lost_and_never_found", "kettle==9", "teapot" })
        {
            var command = PipCommand.Download(interpreter, [Jobs.Requirement(set)], folder["downloads"], Directory.CreateDirectory(folder["scratch"]).FullName, options);
            var fresh = await AnswerAsync(folder, told => StreamedCommand.RunAsync(command.InItsOwnPython(plan), told, TimeProvider.System, CancellationToken.None));
            var forked = await AnswerAsync(folder, told => warm.RunAsync(command, told, CancellationToken.None));
            Assert.Equal(fresh, forked);
        }
        Assert.True(warm.Lives);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task A_service_that_keeps_pip_warm_installs_the_same()
    {
        await using var service = new TestService(execution: options => options with { Concurrency = 4 });
        service.Wheels.Add("teapot", "3.0", requires: ["kettle"]).Add("kettle", "1.0");
        foreach (var i in Enumerable.Range(0, 4)) service.Wheels.Add($"part{i}", "1.0");
        await service.Local.PrewarmAsync(CancellationToken.None);
        await WarmedAsync(service);
        Assert.Equal("3.0\n", (await service.RunAsync("import teapot, kettle; print(teapot.VERSION)", "teapot")).Stdout);
        // One at a time is asked of the warm one, the others start their own.
        var runs = Enumerable.Range(0, 4).Select(i => service.Start(Jobs.Python($"import part{i}; print(part{i}.VERSION)", $"part{i}"))).ToList();
        foreach (var run in runs) Assert.Equal("1.0\n", (await run.Finished).Stdout);
        var failed = await service.RunAsync("print(1)", "absent");
        Assert.Equal((ExecutionStatus.InstallFailed, 1), (failed.Status, failed.ReturnCode));
        Assert.Contains("No matching distribution found for absent", failed.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_command_is_gone_with_the_warm_pip_and_the_next_one_works()
    {
        await using var index = new HeldIndex();
        await using var service = new TestService(packages: index.In);
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrewarmAsync(CancellationToken.None);
        await WarmedAsync(service);
        var run = service.Start(Jobs.Python("import kettle; print(kettle.VERSION)", "kettle"));
        await index.WasAsked();
        run.Stop.Request(StopReason.ClientCancelled);
        Assert.Equal(ExecutionStatus.Cancelled, (await run.Finished).Status);
        Assert.Empty(service.JobProcesses);
        Assert.Empty(WarmPips(service));
        index.Release();
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle")).Stdout);
    }

    [Fact]
    public async Task A_warm_pip_that_was_killed_is_not_missed()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrewarmAsync(CancellationToken.None);
        var warm = await WarmedAsync(service);
        ProcessTable.Kill(warm);
        await Eventually.HoldsAsync(() => ProcessTable.HasEnded(warm), "an end of the warm pip");
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle")).Stdout);
    }

    [Fact]
    public async Task A_warm_pip_ends_with_its_service()
    {
        int warm;
        await using (var service = new TestService())
        {
            await service.Local.PrewarmAsync(CancellationToken.None);
            warm = await WarmedAsync(service);
        }
        await Eventually.HoldsAsync(() => ProcessTable.HasEnded(warm), "an end of the warm pip");
    }

    [Fact]
    public async Task A_warm_pip_ends_when_nobody_can_ask_it_any_more()
    {
        using var folder = new TestFolder();
        using var fifo = new NamedPipe(folder["fifo"]);
        var interpreter = await PythonInterpreter.FindAsync(TestService.Python, CancellationToken.None);
        using var python = ChildProcess.Start(new ChildCommand(interpreter.Path, ["-I", "-c", Worker.PythonScripts.Text("warm_pip.py"), fifo.Path], CodeEnvironment.Inherited(), "/", MergeStderr: true));
        // As when the worker is killed: its end of the fifo is closed by the kernel.
        await using (new FileStream(fifo.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            Assert.Equal("ready", await new StreamReader(python.Stdout).ReadLineAsync().Within());
        Assert.Equal(0, (await python.Exited.Within()).ReturnCode);
    }

    private static PackageOptions Options(TestFolder folder) => new()
    {
        CacheDirectory = folder["cache"],
        PipEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PIP_NO_INDEX"] = "1", ["PIP_FIND_LINKS"] = folder["wheels"] },
    };

    private static async Task<string> AnswerAsync(TestFolder folder, Func<Action<string>, Task<ChildExit>> run)
    {
        var lines = new List<string>();
        var exit = await run(lines.Add);
        var files = TestFolder.Content(folder["downloads"]).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        if (Directory.Exists(folder["downloads"])) Directory.Delete(folder["downloads"], recursive: true);
        return $"{exit.ReturnCode}\n{string.Join('\n', lines.Where(line => line.Length > 0))}\n{string.Join(' ', files)}";
    }

    // It is started in the background, and ready when its fifo has gone.
    private static async Task<int> WarmedAsync(TestService service)
    {
        await Eventually.HoldsAsync(() => WarmPips(service).Count == 1 && Fifos(service).Count == 0, "a warm pip");
        return WarmPips(service)[0];
    }

    private static List<string> Fifos(TestService service) => [.. TestFolder.Content(service.Folder["cache/warm-pip"]).Where(path => Path.GetFileName(path) != ".owner" && File.Exists(path))];

    private static List<int> WarmPips(TestService service) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _) && Arguments(path).Contains($"{service.Folder.Path}/cache/warm-pip", StringComparison.Ordinal))
            .Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture)),
    ];

    private static string Arguments(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
