using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Packages;

public sealed class InstallTests
{
    [Fact]
    public async Task A_package_is_installed_once_and_found_from_then_on()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.2");
        var first = service.Start(Jobs.Python("import kettle; print(kettle.VERSION)", "kettle"));
        var result = await first.Finished;
        Assert.Equal(("1.2\n", ExecutionStatus.Ok, PackagesCache.Miss), (result.Stdout, result.Status, result.PackagesCache));
        Assert.Contains(first.Events.OfType<PackagesInstalling>(), line => line.Line.StartsWith("Successfully installed kettle-1.2", StringComparison.Ordinal));
        Assert.True(first.Events.ToList().FindIndex(happened => happened is PackagesInstalling) < first.Events.ToList().FindIndex(happened => happened is JobStarted));
        Assert.True(result.InstallTime > TimeSpan.Zero);

        var again = service.Start(Jobs.Python("import kettle; print(kettle.VERSION)", "Kettle"));
        Assert.Equal(("1.2\n", PackagesCache.Hit), ((await again.Finished).Stdout, (await again.Finished).PackagesCache));
        Assert.DoesNotContain(again.Events, happened => happened is PackagesInstalling);
    }

    [Fact]
    public async Task A_call_without_packages_sees_none()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.2");
        Assert.Equal(ExecutionStatus.Ok, (await service.RunAsync("import kettle; print(1)", "kettle")).Status);
        var without = await service.RunAsync("import kettle");
        Assert.Contains("ModuleNotFoundError: No module named 'kettle'", without.Stderr, StringComparison.Ordinal);
        Assert.Equal((PackagesCache.None, TimeSpan.Zero), (without.PackagesCache, without.InstallTime));
        Assert.Contains("packages: [\"kettle\"]", without.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_package_needs_comes_with_it()
    {
        await using var service = new TestService();
        service.Wheels.Add("teapot", "3.0", requires: ["kettle>=1,<2", "never_there; python_version < '3'"]).Add("kettle", "1.0").Add("kettle", "1.9").Add("kettle", "2.0");
        Assert.Equal("3.0 1.9\n", (await service.RunAsync("import teapot, kettle; print(teapot.VERSION, kettle.VERSION)", "teapot")).Stdout);
    }

    [Fact]
    public async Task Extras_and_markers_decide_what_is_installed()
    {
        await using var service = new TestService();
        service.Wheels.Add("teapot", "3.0", requires: ["sugar; extra == 'sweet'", "milk; extra == 'white' and sys_platform == 'linux'"], extras: ["sweet", "white"]).Add("sugar", "1.0").Add("milk", "1.0");
        const string Code = "from importlib.util import find_spec\nprint(*(name for name in ('teapot', 'sugar', 'milk') if find_spec(name)))";
        Assert.Equal("teapot\n", (await service.RunAsync(Code, "teapot")).Stdout);
        Assert.Equal("teapot sugar\n", (await service.RunAsync(Code, "teapot[sweet]")).Stdout);
        Assert.Equal("teapot milk\n", (await service.RunAsync(Code, "teapot[white]; python_version >= '3'")).Stdout);
        Assert.Equal("teapot\n", (await service.RunAsync(Code, "teapot", "sugar; sys_platform == 'win32'")).Stdout);
    }

    [Fact]
    public async Task The_same_set_in_other_words_is_the_same_environment()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("sugar", "2.0");
        Assert.Equal(PackagesCache.Miss, (await service.RunAsync("print(1)", "kettle>=1,<2", "sugar")).PackagesCache);
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("print(1)", "Sugar", "kettle <2, >= 1")).PackagesCache);
        Assert.Equal(PackagesCache.Miss, (await service.RunAsync("print(1)", "sugar", "kettle==1.0")).PackagesCache);
    }

    [Fact]
    public async Task Other_versions_live_side_by_side()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("kettle", "2.0");
        const string Code = "import kettle; print(kettle.VERSION)";
        Assert.Equal("1.0\n", (await service.RunAsync(Code, "kettle<2")).Stdout);
        Assert.Equal("2.0\n", (await service.RunAsync(Code, "kettle")).Stdout);
        Assert.Equal("1.0\n", (await service.RunAsync(Code, "kettle<2")).Stdout);
    }

    [Fact]
    public async Task A_packages_command_runs_with_the_packages()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0", command: "boil");
        Assert.Equal("kettle 1.0\n", (await service.RunAsync("import subprocess; subprocess.run(['boil'], check=True)", "kettle")).Stdout);
    }

    [Theory]
    [InlineData(new[] { "lost_and_never_found" }, "No matching distribution found for lost", "check the spelling")]
    [InlineData(new[] { "kettle==9" }, "from versions: 1.0, 2.0", "no such version of \"kettle\"")]
    [InlineData(new[] { "needy" }, "absent", "check the spelling")]
    [InlineData(new[] { "tea", "coffee" }, "conflicting dependencies", "exclude each other")]
    [InlineData(new[] { "kettle==1.0", "kettle==2.0" }, "kettle==2.0", "exclude each other")]
    [InlineData(new[] { "shard" }, "shard", null)]
    public async Task A_set_that_can_not_be_installed_says_why_and_leaves_nothing(string[] packages, string words, string? hint)
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("kettle", "2.0").Add("needy", "1.0", requires: ["absent"])
            .Add("tea", "1.0", requires: ["kettle<2"]).Add("coffee", "1.0", requires: ["kettle>=2"]).AddBroken("shard", "1.0");
        Assert.Equal(0, (await service.RunAsync("print(1)")).ReturnCode);
        var before = service.Environments;
        var trace = service.Folder.SharedFile("ran");
        var run = service.Start(Jobs.Python($"open({WheelFolder.Python(trace)}, 'w').write('ran')", packages));
        var result = await run.Finished;
        Assert.Equal((ExecutionStatus.InstallFailed, 1, "", PackagesCache.Miss, TimeSpan.Zero), (result.Status, result.ReturnCode, result.Stdout, result.PackagesCache, result.Duration));
        Assert.Contains(words, result.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("Looking in links", result.Stderr, StringComparison.Ordinal);
        if (hint is null) Assert.Null(result.Hint);
        else Assert.Contains(hint, result.Hint, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Events, happened => happened is JobStarted);
        Assert.Equal("", await File.ReadAllTextAsync(trace));
        Assert.Equal(string.Join(' ', before), string.Join(' ', service.Environments));
    }

    [Fact]
    public async Task A_failed_install_is_tried_again_when_asked_again()
    {
        await using var service = new TestService();
        Assert.Equal(ExecutionStatus.InstallFailed, (await service.RunAsync("import kettle", "kettle")).Status);
        service.Wheels.Add("kettle", "1.0");
        Assert.Equal(ExecutionStatus.Ok, (await service.RunAsync("import kettle; print(1)", "kettle")).Status);
    }

    [Fact]
    public async Task Source_packages_are_not_built_unless_that_is_allowed()
    {
        await using var service = new TestService();
        service.Wheels.AddSource("potter", "1.0", service.Folder.Shared("built"));
        var result = await service.RunAsync("print(1)", "potter");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("a package without a wheel can't be installed", result.Hint, StringComparison.Ordinal);
        Assert.False(File.Exists(service.Folder.Shared("built")));
    }

    [Fact]
    public async Task Where_source_packages_are_allowed_their_build_is_run()
    {
        await using var service = new TestService(packages: options => options with
        {
            AllowSourceDistributions = true,
            PipEnvironment = new Dictionary<string, string>(options.PipEnvironment, StringComparer.Ordinal) { ["PIP_NO_BUILD_ISOLATION"] = "1" },
        });
        service.Wheels.AddSource("potter", "1.0", service.Folder.Shared("built"));
        // Whether it succeeds depends on the setuptools of the host; that its code was run does not.
        await service.RunAsync("print(1)", "potter");
        Assert.True(File.Exists(service.Folder.Shared("built")));
    }

    [Fact]
    public async Task What_the_host_has_installed_is_not_installed_again()
    {
        await using var service = new TestService();
        var run = service.Start(Jobs.Python("import pip; print('there')", "pip>=1"));
        Assert.Equal(("there\n", PackagesCache.Hit), ((await run.Finished).Stdout, (await run.Finished).PackagesCache));
        Assert.DoesNotContain(run.Events, happened => happened is PackagesInstalling);
    }

    [Fact]
    public async Task Code_can_not_be_mistaken_for_a_package_by_pip()
    {
        // A module of the name that pip imports, in every folder that pip could look for it in.
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("pip", "99.0");
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle", "pip==99.0")).Stdout);
        service.Wheels.Add("sugar", "1.0");
        Assert.Equal("1.0\n", (await service.RunAsync("import sugar; print(sugar.VERSION)", "sugar")).Stdout);
    }
}
