using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Packages;

/// <summary>What installing may take on the disk has a bound, whatever a wheel is made of; whoever passes it is told, and nobody else notices.</summary>
public sealed class InstallSizeTests
{
    private const long Most = 1024 * 1024;

    [Theory]
    [InlineData("large file", "bomb-1.0-py3-none-any.whl is refused: it takes 2.9 MB unpacked, and the packages of one call may take 1.0 MB.")]
    [InlineData("many empty files", "it takes 1.2 MB unpacked, and the packages of one call may take 1.0 MB.")]
    [InlineData("many folders", "MB unpacked, and the packages of one call may take 1.0 MB.")]
    [InlineData("many commands", "MB unpacked, and the packages of one call may take 1.0 MB.")]
    [InlineData("source that grows when it is compiled", "MB unpacked, and the packages of one call may take 1.0 MB.")]
    public async Task A_wheel_that_takes_more_than_the_whole_cache_is_refused_and_nothing_is_left_of_it(string kind, string words)
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = Most });
        service.Wheels.AddFiles("bomb", "1.0", Bomb(kind), compressed: true).Add("kettle", "1.0");

        var result = await service.RunAsync("import bomb", "bomb");

        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("The wheel bomb-1.0-py3-none-any.whl is refused: ", result.Stderr, StringComparison.Ordinal);
        Assert.Contains(words, result.Stderr, StringComparison.Ordinal);
        Assert.Contains("PACKAGE_CACHE_MAX_MB", result.Hint, StringComparison.Ordinal);
        Assert.Empty(service.StoredWheels);
        // pip's own cache has what it fetched, and the wheels of this test are in their folder.
        Assert.InRange(Files(service).Sum(file => file.Length), 0, Most);
        Assert.Equal("1.0\n", (await service.RunAsync("import kettle; print(kettle.VERSION)", "kettle")).Stdout);
        Assert.Equal("1\n", (await service.RunAsync("print(1)")).Stdout);
    }

    [Fact]
    public async Task Wheels_that_are_too_large_together_are_refused()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = Most });
        foreach (var name in new[] { "alpha", "beta" }) service.Wheels.AddFiles(name, "1.0", new Dictionary<string, string>(StringComparer.Ordinal) { [$"{name}.py"] = "VERSION = '1.0'", ["zeros"] = new string('\0', 600_000) }, compressed: true);
        var result = await service.RunAsync("print(1)", "alpha", "beta");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("MB unpacked, beside the 0.6 MB of those before it, and the packages of one call may take 1.0 MB.", result.Stderr, StringComparison.Ordinal);
        Assert.Equal("1.0\n", (await service.RunAsync("import beta; print(beta.VERSION)", "beta")).Stdout);
    }

    [Fact]
    public async Task What_is_read_whole_has_a_limit_of_its_own()
    {
        await using var service = new TestService();
        service.Wheels.AddFiles("bomb", "1.0", new Dictionary<string, string>(StringComparer.Ordinal) { ["bomb-1.0.dist-info/entry_points.txt"] = new string('#', 17 << 20) }, compressed: true);
        var result = await service.RunAsync("import bomb", "bomb");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("its bomb-1.0.dist-info/entry_points.txt has 17.0 MB, and 16 MB is the limit", result.Stderr, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "FSIZE 1048576, AS 1077936128")]
    [InlineData(true, "FSIZE 1048576")]
    public void Memory_and_file_size_are_bounded_by_the_kernel_too_and_only_compilers_take_the_memory_that_they_need(bool compiles, string limits)
    {
        var settings = new ServiceSettings
        {
            Execution = new ExecutionOptions { Limits = new LimitOptions { MemoryBytes = 4 << 20 } },
            Packages = new PackageOptions { CacheMaxBytes = Most },
        };
        var confinement = new SandboxPlan(settings).ForBuild(new PythonInterpreter(TestService.Python, "3.11.2", "23.0.1"), [], [], compiles);
        Assert.Equal(limits, string.Join(", ", confinement.Limits.Select(limit => $"{limit.Resource} {limit.Hard}")));
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_not_even_fetched()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = Most });
        service.Wheels.Add("bulk", "1.0", padding: 3_000_000);
        var result = await service.RunAsync("import bulk", "bulk");
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Contains("PACKAGE_CACHE_MAX_MB", result.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_that_fills_the_disk_is_ended()
    {
        await using var service = new TestService(packages: options => options with
        {
            CacheMaxBytes = 4 * Most,
            AllowSourceDistributions = true,
            PipEnvironment = new Dictionary<string, string>(options.PipEnvironment, StringComparer.Ordinal) { ["PIP_NO_BUILD_ISOLATION"] = "1" },
        });
        var ran = service.Folder.Shared("ran");
        service.Wheels.AddSource("filler", "1.0", ran, """
            import time
            for i in range(10): open(f'part{i}', 'wb').write(b'x' * (1 << 20))
            time.sleep(600)
            """);
        var result = await service.RunAsync("print(1)", "filler").Within();
        Assert.True(File.Exists(ran));
        Assert.Equal(ExecutionStatus.InstallFailed, result.Status);
        Assert.Matches(@"^Installing the packages was ended: pip had written \d+\.\d MB, and the packages of one call may take 4\.0 MB\.$", result.Stderr);
        Assert.Contains("PACKAGE_CACHE_MAX_MB", result.Hint, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Bomb(string kind)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal) { ["bomb.py"] = "" };
        switch (kind)
        {
            case "large file": files["zeros"] = new string('\0', 3_000_000); break;
            case "many empty files": for (var i = 0; i < 300; i++) files[$"empty/{i}"] = ""; break;
            case "many folders": for (var i = 0; i < 3; i++) files[$"{i}/{string.Join('/', Enumerable.Repeat('f', 100))}"] = ""; break;
            case "many commands": files["bomb-1.0.dist-info/entry_points.txt"] = "[console_scripts]\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"c{i}=bomb:x\n")); break;
            default: files["bomb.py"] = string.Concat(Enumerable.Range(0, 500).Select(i => $"x{i} = '{i:0000}' * 1000\n")); break;
        }
        return files;
    }

    private static IEnumerable<FileInfo> Files(TestService service) => new DirectoryInfo(service.Folder["cache"]).EnumerateFiles("*", SearchOption.AllDirectories);
}
