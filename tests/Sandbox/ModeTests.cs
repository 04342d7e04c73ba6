using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>What SANDBOX asks for is what code gets, or nothing is started; and everybody can see which it is.</summary>
public sealed class ModeTests
{
    [Fact]
    public void Strict_refuses_to_start_where_a_layer_is_missing_and_names_it()
    {
        var settings = new ServiceSettings { Sandbox = new SandboxOptions { Mode = SandboxMode.Strict } };
        using var logs = new CollectedLogs();
        var fault = Assert.Throws<SettingsException>(() => LocalService.Create(settings, new SandboxPlan(settings, [SandboxLayer.SystemCalls]), logs, null));
        Assert.Contains("the layer \"system-calls\" is missing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("set SANDBOX=auto", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Strict_runs_code_on_a_host_that_has_every_layer(bool asNobody)
    {
        if (LandlockRuleset.Version < 6) return;
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody, ("SANDBOX", "strict"));
        var result = await worker.CallAsync(1, "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('NoNewPrivs', 'Seccomp:'))])");
        Assert.Equal("['1', '2']", result.GetProperty("structuredContent").GetProperty("stdout").GetString()!.Trim());
    }

    [Fact]
    public async Task Root_that_must_stay_root_has_no_capabilities_and_the_log_says_why()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var closed = new TestFolder();
        File.SetUnixFileMode(closed.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var forked in new[] { true, false })
        {
            await using var service = new TestService(options => options with { ForkServer = forked, WorkDirectory = closed["work"] });
            await service.Local.PrepareAsync(CancellationToken.None);
            var result = await service.RunAsync("import os\nprint(os.getuid(), [line.split()[1].strip('0') for line in open('/proc/self/status') if line.startswith('Cap')])");
            Assert.Equal("0 ['', '', '', '', '']\n", result.Stdout);
            Assert.Contains(service.Logs.Lines, line => line.Contains($"can't enter {closed.Path}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Root_without_capabilities_runs_code_as_itself_and_strict_says_which_are_missing()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var folder = new TestFolder();
        foreach (var forking in new[] { "on", "off" })
        {
            await using var worker = WorkerProcess.StartWithoutCapability("all", folder, ("FORK_SERVER", forking));
            // The second of one slot waits until all of the first is cleared away.
            for (var id = 1; id < 3; id++) Assert.Contains("\"stdout\":\"uid 0\"", (await worker.CallAsync(id, "import os\nopen('file', 'w').write('x')\nprint('uid', os.getuid())")).GetRawText(), StringComparison.Ordinal);
        }
        await using var strict = WorkerProcess.StartWithoutCapability("all", folder, ("SANDBOX", "strict"));
        var (code, stderr) = await strict.ExitAsync();
        Assert.Equal((78, true), (code, stderr.Contains("the layer \"user\" is missing: we are root without CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(SandboxMode.Auto, null)]
    [InlineData(SandboxMode.Strict, 64321u)]
    public async Task Folders_are_ours_once_python_turns_out_not_to_start_as_another_user(SandboxMode mode, uint? user)
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["bin"]);
        var python = folder.Write("bin/python", $"#!/bin/sh\n[ $(id -u) = 0 ] || exit 3\nexec {TestService.Python} \"$@\"\n");
        File.SetUnixFileMode(python, (UnixFileMode)0b111_101_101);
        var plan = new SandboxPlan(new ServiceSettings
        {
            Execution = new ExecutionOptions { Python = TestService.Python, WorkDirectory = folder["work"] },
            Packages = new PackageOptions { CacheDirectory = folder["cache"] },
            Sandbox = new SandboxOptions { Mode = mode },
        });
        Assert.Equal((64321u, 64322u), (plan.Code.Id, plan.Builder.Id));
        Assert.Null(await plan.TryAsync(python, CancellationToken.None));
        Assert.Equal((user, user + 1), (plan.Code.Id, plan.Builder.Id));
    }

    [Fact]
    public void Root_stays_root_where_the_python_on_path_leads_to_a_closed_folder()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var closed = new TestFolder();
        using var open = new TestFolder();
        File.WriteAllText(closed["python3"], "");
        File.CreateSymbolicLink(open["python3"], closed["python3"]);
        File.SetUnixFileMode(closed.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var settings = new ServiceSettings { Execution = new ExecutionOptions { Python = open["python3"], WorkDirectory = open["work"] }, Packages = new PackageOptions { CacheDirectory = open["cache"] } };
        var user = new SandboxPlan(settings).Layers.Single(finding => finding.Layer == SandboxLayer.User);
        Assert.Equal((LayerState.Off, true), (user.State, user.Detail.Contains($"can't enter {closed.Path}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Every_layer_is_tried_and_logged()
    {
        await using var service = new TestService();
        await service.Local.PrepareAsync(CancellationToken.None);
        var line = Assert.Single(service.Logs.Lines, line => line.Contains("Code is confined by", StringComparison.Ordinal));
        foreach (var finding in service.Local.Sandbox.Layers.Where(finding => finding.State is LayerState.On)) Assert.Contains(finding.Layer.Name, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_sandbox_code_is_as_free_as_the_service_and_the_log_says_so_loudly()
    {
        await using var service = new TestService(sandbox: new SandboxOptions { Mode = SandboxMode.Off });
        await service.Local.PrepareAsync(CancellationToken.None);
        Assert.Equal($"{Environment.IsPrivilegedProcess}\n", (await service.RunAsync("import os; print(os.getuid() == 0)")).Stdout);
        Assert.Contains(service.Logs.Lines, line => line.Contains("SANDBOX=off", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_layer_that_the_kernel_refuses_is_found_out_by_trying()
    {
        // A filter without instructions stands for a host that refuses any.
        var confinement = new Confinement(TestService.Python) { SystemCalls = "00", FailsOpen = true, Reports = true };
        var (refused, _) = await SandboxProbe.RunAsync(confinement, TestService.Python, CancellationToken.None);
        Assert.Equal("system-calls", Assert.Single(refused!).Key);
    }

    [Fact]
    public async Task A_layer_that_is_demanded_and_refused_keeps_code_from_starting()
    {
        var confinement = new Confinement(TestService.Python) { SystemCalls = "00" };
        var command = new ChildCommand(TestService.Python, ["-c", "print('started')"], new Dictionary<string, string>(StringComparer.Ordinal), "/", Confinement: confinement);
        var (exit, output) = await CapturedCommand.RunAsync(command, Eventually.Limit, CancellationToken.None);
        Assert.Equal(125, exit.ReturnCode);
        Assert.StartsWith("The layer system-calls of the sandbox was refused, so nothing was started", output, StringComparison.Ordinal);
        // Which is no fault of the code's, unless the code has run.
        var result = new ExecutionResult { ReturnCode = exit.ReturnCode, Stdout = "", Stderr = output, Status = ExecutionStatus.Error };
        Assert.Equal(output.TrimEnd(), RefusedStart.Of(result));
        Assert.Null(RefusedStart.Of(result with { Stderr = "Traceback (most recent call last):\n" + output }));
        Assert.Null(RefusedStart.Of(result with { ReturnCode = 1 }));
    }
}
