using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Packages;

/// <summary>Installs that take their time: waited for together, given up, out of time.</summary>
public sealed class SharedBuildTests
{
    private const string Code = "import kettle; print(kettle.VERSION)";

    [Fact]
    public async Task A_set_is_built_once_however_many_ask_for_it()
    {
        await using var index = new HeldIndex();
        await using var service = new TestService(execution: options => options with { Concurrency = 6 }, packages: index.In);
        service.Wheels.Add("kettle", "1.0");
        var runs = Enumerable.Range(0, 6).Select(_ => service.Start(Jobs.Python(Code, "kettle"))).ToList();
        await index.WasAsked();
        // Each looks into the base first; then all of them wait.
        await Eventually.HoldsAsync(() => ProcessTable.Within(service.Folder.Path).Count == 1, "one process, pip");
        index.Release();
        foreach (var run in runs) Assert.Equal("1.0\n", (await run.Finished).Stdout);
        Assert.Equal(1, index.Asked);
        Assert.All(runs, run => Assert.Contains(run.Events.OfType<PackagesInstalling>(), line => line.Line.StartsWith("Successfully installed", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_who_gives_up_does_not_end_the_install_of_the_others()
    {
        await using var index = new HeldIndex();
        await using var service = new TestService(packages: index.In);
        service.Wheels.Add("kettle", "1.0");
        var first = service.Start(Jobs.Python(Code, "kettle"));
        await index.WasAsked();
        var second = service.Start(Jobs.Python(Code, "kettle"));
        await Eventually.HoldsAsync(() => service.Local.Slots.Running == 2 && ProcessTable.Within(service.Folder.Path).Count == 1, "two who wait for one pip");
        first.Stop.Request(StopReason.ClientCancelled);
        Assert.Equal(ExecutionStatus.Cancelled, (await first.Finished).Status);
        index.Release();
        Assert.Equal("1.0\n", (await second.Finished).Stdout);
        Assert.Equal(1, index.Asked);
    }

    [Fact]
    public async Task When_the_last_one_gives_up_pip_is_gone_before_the_end_is_told()
    {
        await using var index = new HeldIndex();
        await using var service = new TestService(packages: index.In);
        service.Wheels.Add("kettle", "1.0");
        for (var i = 0; i < 3; i++)
        {
            var run = service.Start(Jobs.Python(Code, "kettle"));
            await Eventually.HoldsAsync(() => index.Asked == i + 1, "another question to the index");
            run.Stop.Request(StopReason.ClientCancelled);
            var result = await run.Finished;
            Assert.Empty(ProcessTable.Within(service.Folder.Path));
            Assert.DoesNotContain(TestFolder.Content(service.Folder["cache/building"]), path => path.EndsWith(".cfg", StringComparison.Ordinal));
            Assert.Equal((ExecutionStatus.Cancelled, ""), (result.Status, result.Stdout));
        }
        index.Release();
        Assert.Equal("1.0\n", (await service.RunAsync(Code, "kettle")).Stdout);
    }

    [Fact]
    public async Task Installing_has_a_time_limit_of_its_own()
    {
        var time = new ManualTime();
        await using var index = new HeldIndex();
        await using var service = new TestService(packages: index.In, time: time);
        service.Wheels.Add("kettle", "1.0");
        var run = service.Start(Jobs.Python(Code, "kettle"));
        await index.WasAsked();
        await time.PassAsync(service.Settings.Packages.InstallTimeout);
        var result = await run.Finished;
        Assert.Equal((ExecutionStatus.InstallFailed, ExecutionResult.TimeoutReturnCode), (result.Status, result.ReturnCode));
        Assert.Contains("took longer than 120 s, the limit", result.Stderr, StringComparison.Ordinal);
        Assert.Empty(ProcessTable.Within(service.Folder.Path));
    }

    [Fact]
    public async Task Time_for_installing_is_not_taken_from_the_code()
    {
        var time = new ManualTime();
        await using var index = new HeldIndex();
        await using var service = new TestService(execution: options => options with { RunTimeout = TimeSpan.FromSeconds(5) }, packages: index.In, time: time);
        service.Wheels.Add("kettle", "1.0");
        var run = service.Start(Jobs.Python(Code, "kettle"));
        await index.WasAsked();
        time.Advance(service.Settings.Packages.InstallTimeout - TimeSpan.FromSeconds(1));
        index.Release();
        Assert.Equal("1.0\n", (await run.Finished).Stdout);
    }

    [Fact]
    public async Task No_password_of_the_index_is_shown()
    {
        await using var index = new HeldIndex();
        index.Release();
        await using var service = new TestService(packages: index.In);
        var run = service.Start(Jobs.Python(Code, "kettle"));
        var result = await run.Finished;
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains(run.Events.OfType<PackagesInstalling>(), line => line.Line.Contains("127.0.0.1", StringComparison.Ordinal));
        string[] texts = [result.Stderr, result.Hint ?? "", .. run.Events.OfType<PackagesInstalling>().Select(line => line.Line), .. service.Logs.Lines];
        foreach (var text in texts)
        {
            Assert.DoesNotContain("s3cret", text, StringComparison.Ordinal);
            Assert.DoesNotContain("p@ss", text, StringComparison.Ordinal);
            Assert.DoesNotContain("ss@127", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_index_that_can_not_be_reached_is_said_to_be_so()
    {
        await using var service = new TestService(packages: options => options with
        {
            // Nothing listens on port 1.
            PipEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PIP_INDEX_URL"] = "http://127.0.0.1:1/simple", ["PIP_RETRIES"] = "1" },
        });
        var result = await service.RunAsync(Code, "kettle");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("index can't be reached", result.Hint, StringComparison.Ordinal);
    }
}
