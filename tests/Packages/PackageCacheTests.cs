using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Packages;

/// <summary>Environments on disk: kept, evicted, damaged, left by a crash; and the pre-warmed one.</summary>
public sealed class PackageCacheTests
{
    [Fact]
    public async Task The_least_recently_used_environment_is_evicted_first()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = 2_500_000 });
        foreach (var name in new[] { "alpha", "beta", "gamma" }) service.Wheels.Add(name, "1.0", padding: 1_000_000);
        await service.RunAsync("print(1)", "alpha");
        await service.RunAsync("print(1)", "beta");
        Age(service, hours: 2, "alpha");
        Age(service, hours: 1, "beta");
        // Used again, so that it is no longer the oldest.
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("print(1)", "alpha")).PackagesCache);
        await service.RunAsync("print(1)", "gamma");
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("import alpha; print(1)", "alpha")).PackagesCache);
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("import gamma; print(1)", "gamma")).PackagesCache);
        Assert.Equal(PackagesCache.Miss, (await service.RunAsync("import beta; print(1)", "beta")).PackagesCache);
        Assert.Contains(service.Logs.Lines, line => line.Contains("was evicted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_environment_in_use_is_never_evicted()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = 1_000_000 });
        service.Wheels.Add("alpha", "1.0", padding: 600_000).Add("beta", "1.0", padding: 600_000);
        using var release = new NamedPipe(service.Folder.Shared("go"));
        var user = service.Start(Jobs.Python($"print('ready')\nopen({WheelFolder.Python(release.Path)}).read()\nimport alpha\nprint(alpha.VERSION)", "alpha"));
        await user.Printed("ready");
        Assert.Equal("1.0\n", (await service.RunAsync("import beta; print(beta.VERSION)", "beta")).Stdout);
        release.Open();
        Assert.Equal("ready\n1.0\n", (await user.Finished).Stdout);
    }

    [Fact]
    public async Task A_cache_that_holds_one_set_alone_still_lets_everybody_run()
    {
        await using var service = new TestService(execution: options => options with { Concurrency = 8 }, packages: options => options with { CacheMaxBytes = 1_000_000 });
        foreach (var i in Enumerable.Range(0, 4)) service.Wheels.Add($"part{i}", "1.0", padding: 600_000);
        var runs = Enumerable.Range(0, 24).Select(i => service.Start(i % 6 == 5 ? Jobs.Python("print('1.0')") : Jobs.Python($"import part{i % 4}; print(part{i % 4}.VERSION)", $"part{i % 4}"))).ToList();
        foreach (var run in runs) Assert.Equal("1.0\n", (await run.Finished).Stdout);
    }

    [Fact]
    public async Task An_environment_that_lost_its_manifest_is_built_again()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.RunAsync("print(1)", "kettle");
        foreach (var key in service.Environments) File.Delete(service.Folder[$"cache/environments/{key}/environment.json"]);
        Assert.Equal(("1.0\n", PackagesCache.Miss), await OutcomeAsync(service, "kettle"));
        Assert.Equal(("1.0\n", PackagesCache.Hit), await OutcomeAsync(service, "kettle"));
    }

    [Fact]
    public async Task What_a_killed_process_was_building_is_seen_by_nobody_and_swept()
    {
        await using var index = new HeldIndex();
        using var folder = new TestFolder();
        var wheels = new WheelFolder(folder["wheels"]).Add("kettle", "1.0");
        await using (var worker = WorkerProcess.Start(folder, asNobody: false, ("PIP_FIND_LINKS", wheels.Path), ("PIP_NO_INDEX", "0"), ("PIP_INDEX_URL", index.Url)))
        {
            await worker.Lines.OpenAsync();
            await worker.Lines.SendAsync(McpLines.Call(1, "import kettle", null, "kettle"));
            await index.WasAsked();
            await worker.KillAsync();
        }
        foreach (var orphan in ProcessTable.Within(folder.Path)) ProcessTable.Kill(orphan);
        await Eventually.HoldsAsync(() => ProcessTable.Within(folder.Path).Count == 0, "an end of pip");
        Assert.NotEmpty(Directory.EnumerateDirectories(folder["cache/building"]));

        await using var next = WorkerProcess.Start(folder, asNobody: false, ("PIP_FIND_LINKS", wheels.Path));
        await next.Lines.OpenAsync();
        var answer = (await next.Lines.CallAsync(1, "import kettle; print(kettle.VERSION)", "kettle")).GetProperty("structuredContent");
        Assert.Equal(("1.0", "miss"), (answer.GetProperty("stdout").GetString(), answer.GetProperty("packages_cache").GetString()));
        next.Lines.CloseInput();
        await next.ExitAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["cache/building"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Fact]
    public async Task Pre_warmed_packages_are_there_for_every_call()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("sugar", "1.0");
        service.Folder.Write("requirements.txt", "# what calls can count on\n\nkettle>=1  # hot\n-r other.txt\n");
        await service.Local.PrewarmAsync(CancellationToken.None);
        Assert.Contains(service.Logs.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("\"-r other.txt\" is a pip option", StringComparison.Ordinal));

        var without = await service.RunAsync("import kettle; print(kettle.VERSION)");
        Assert.Equal(("1.0\n", PackagesCache.None), (without.Stdout, without.PackagesCache));
        var asked = service.Start(Jobs.Python("import kettle; print(kettle.VERSION)", "kettle<2"));
        Assert.Equal(("1.0\n", PackagesCache.Hit), ((await asked.Finished).Stdout, (await asked.Finished).PackagesCache));
        Assert.DoesNotContain(asked.Events, happened => happened is PackagesInstalling);
        var further = await service.RunAsync("import kettle, sugar; print(kettle.VERSION, sugar.VERSION)", "sugar");
        Assert.Equal(("1.0 1.0\n", PackagesCache.Miss), (further.Stdout, further.PackagesCache));
    }

    [Fact]
    public async Task A_call_may_ask_for_another_version_than_the_pre_warmed_one()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("kettle", "2.0");
        service.Folder.Write("requirements.txt", "kettle==1.0\n");
        await service.Local.PrewarmAsync(CancellationToken.None);
        Assert.Equal("2.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle>=2")).Stdout);
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)")).Stdout);
    }

    [Fact]
    public async Task Calls_work_when_the_pre_warmed_packages_can_not_be_installed()
    {
        await using var service = new TestService();
        service.Folder.Write("requirements.txt", "absent\n");
        await service.Local.PrewarmAsync(CancellationToken.None);
        Assert.Contains(service.Logs.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("No matching distribution found for absent", StringComparison.Ordinal));
        Assert.Equal("1\n", (await service.RunAsync("print(1)")).Stdout);
    }

    [Fact]
    public async Task A_Python_without_pip_runs_code_and_says_why_it_can_not_install()
    {
        await using var maker = new TestService(sandbox: new SandboxOptions { Mode = SandboxMode.Off });
        Assert.Equal("made\n", (await maker.RunAsync($"import venv; venv.create({WheelFolder.Python(maker.Folder["bare"])}, with_pip=False); print('made')")).Stdout);
        await using var service = new TestService(execution: options => options with { Python = Path.Combine(maker.Folder["bare"], "bin", "python") });
        Assert.Equal("1\n", (await service.RunAsync("print(1)")).Stdout);
        Assert.Contains("has no pip", (await Assert.ThrowsAsync<RunnerException>(() => service.RunAsync("print(1)", "kettle"))).Message, StringComparison.Ordinal);
    }

    private static async Task<(string, PackagesCache)> OutcomeAsync(TestService service, string package)
    {
        var result = await service.RunAsync($"import {package}; print({package}.VERSION)", package);
        return (result.Stdout, result.PackagesCache);
    }

    private static void Age(TestService service, int hours, string package)
    {
        var manifest = service.Environments.Select(key => service.Folder[$"cache/environments/{key}/environment.json"]).Single(path => File.ReadAllText(path).Contains($"\"{package}\"", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(manifest, DateTime.UtcNow.AddHours(-hours));
    }
}
