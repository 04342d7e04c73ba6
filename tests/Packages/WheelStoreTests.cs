using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;
using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

/// <summary>Wheels are unpacked once and shared by every environment that wants them; what a resolution gave is remembered.</summary>
public sealed class WheelStoreTests
{
    private const string Inode = "import kettle, os; print(os.stat(kettle.__file__).st_ino, os.stat(kettle.__cached__).st_ino)";

    [Fact]
    public async Task Sets_that_have_a_wheel_in_common_share_its_files()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("sugar", "1.0").Add("milk", "1.0");
        var first = await service.RunAsync(Inode, "kettle", "sugar");
        var second = await service.RunAsync(Inode, "kettle", "milk");
        Assert.Equal((PackagesCache.Miss, PackagesCache.Miss), (first.PackagesCache, second.PackagesCache));
        Assert.Equal(first.Stdout, second.Stdout);
        Assert.Equal(3, service.StoredWheels.Count);
    }

    [Fact]
    public async Task A_set_never_seen_before_is_made_of_the_wheels_that_are_there()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("sugar", "1.0");
        var kettle = await service.RunAsync(Inode, "kettle");
        var unpacked = await LinesAsync(service, "sugar");
        Assert.Contains("Unpacking sugar-1.0-py3-none-any.whl", unpacked.Lines);
        var both = service.Start(Jobs.Python(Inode, "kettle", "sugar"));
        Assert.Equal((kettle.Stdout, PackagesCache.Miss), ((await both.Finished).Stdout, (await both.Finished).PackagesCache));
        Assert.DoesNotContain(both.Events.OfType<PackagesInstalling>(), line => line.Line.StartsWith("Unpacking", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_set_that_was_resolved_is_put_together_again_without_pip()
    {
        await using var service = new TestService();
        service.Wheels.Add("teapot", "3.0", requires: ["kettle"]).Add("kettle", "1.0");
        await service.RunAsync("print(1)", "teapot");
        Forget(service);
        var (result, lines) = await LinesAsync(service, "teapot");
        Assert.Equal(("3.0\n", PackagesCache.Miss), (result.Stdout, result.PackagesCache));
        Assert.Equal(["Successfully installed kettle-1.0 teapot-3.0"], lines);
    }

    [Fact]
    public async Task What_was_resolved_is_forgotten_when_the_wheel_folder_changes()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.RunAsync("print(1)", "kettle");
        Forget(service);
        service.Wheels.Add("kettle", "2.0");
        Assert.Equal("2.0\n", (await LinesAsync(service, "kettle")).Result.Stdout);
    }

    [Fact]
    public async Task What_was_resolved_is_forgotten_after_hours()
    {
        var time = new ManualTime();
        await using var service = new TestService(time: time);
        service.Wheels.Add("kettle", "1.0");
        await service.RunAsync("print(1)", "kettle");
        time.Advance(TimeSpan.FromHours(5));
        Forget(service);
        Assert.Single((await LinesAsync(service, "kettle")).Lines);
        time.Advance(TimeSpan.FromHours(2));
        Forget(service);
        Assert.Contains((await LinesAsync(service, "kettle")).Lines, line => line.StartsWith("Looking in links", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_resolution_whose_wheels_were_removed_is_made_anew()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.RunAsync("print(1)", "kettle");
        Forget(service);
        foreach (var wheel in service.StoredWheels) Directory.Delete(wheel, recursive: true);
        Assert.Equal("1.0\n", (await LinesAsync(service, "kettle")).Result.Stdout);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wheel_that_is_half_there_is_unpacked_again(bool manifestCutShort)
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.RunAsync("print(1)", "kettle");
        Forget(service);
        var wheel = Assert.Single(service.StoredWheels);
        File.WriteAllText(Path.Combine(wheel, "site-packages/kettle.py"), "half of it");
        if (manifestCutShort) File.WriteAllText(Path.Combine(wheel, "wheel.json"), "");
        else File.Delete(Path.Combine(wheel, "wheel.json"));
        Assert.Equal("1.0\n", (await LinesAsync(service, "kettle")).Result.Stdout);
        Assert.Single(service.StoredWheels);
    }

    [Fact]
    public async Task A_wheel_is_evicted_after_the_last_environment_that_shares_it()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = 2_500_000 });
        foreach (var name in new[] { "alpha", "beta", "gamma" }) service.Wheels.Add(name, "1.0", padding: 1_000_000);
        await service.RunAsync("print(1)", "alpha");
        await service.RunAsync("print(1)", "alpha", "beta");
        // Together they need 2 MB, since alpha counts once.
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("print(1)", "alpha")).PackagesCache);
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("print(1)", "alpha", "beta")).PackagesCache);
        Age(service, hours: 1, "alpha\",\"beta");
        await service.RunAsync("print(1)", "gamma");
        Assert.Equal((PackagesCache.Hit, "1\n"), ((await service.RunAsync("import alpha; print(1)", "alpha")).PackagesCache, (await service.RunAsync("import gamma; print(1)", "gamma")).Stdout));
        Assert.Equal(["alpha-1.0-py3-none-any.whl", "gamma-1.0-py3-none-any.whl"], service.StoredWheels.Select(FileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_wheel_in_use_is_never_evicted()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0", padding: 1000);
        await service.RunAsync("print(1)", "kettle");
        Forget(service);
        var options = service.Settings.Packages with { CacheMaxBytes = 1 };
        var eviction = new CacheEviction(options, new Microsoft.Extensions.Logging.Logger<CacheEviction>(service.Logs));
        var id = Path.GetRelativePath(service.Folder["cache/wheels"], Assert.Single(service.StoredWheels));
        using var trash = new TestFolder();
        using (Assert.IsType<StoredWheel>(new WheelStore(options, TimeProvider.System).TryHold(id)))
        {
            eviction.Run([], trash.Path);
            Assert.Single(service.StoredWheels);
        }
        eviction.Run([], trash.Path);
        Assert.Empty(service.StoredWheels);
    }

    [Fact]
    public async Task Sets_that_overlap_are_built_at_the_same_time()
    {
        await using var service = new TestService(execution: options => options with { Concurrency = 6 });
        foreach (var name in new[] { "alpha", "beta", "gamma", "delta" }) service.Wheels.Add(name, "1.0", requires: name == "delta" ? ["alpha", "beta"] : null);
        string[][] sets = [["alpha"], ["alpha", "beta"], ["beta", "gamma"], ["alpha", "gamma"], ["delta"], ["delta", "gamma"]];
        var runs = sets.Select(set => service.Start(Jobs.Python($"import {string.Join(", ", set)}; print({set[0]}.VERSION)", set))).ToList();
        foreach (var run in runs) Assert.Equal(("1.0\n", PackagesCache.Miss), ((await run.Finished).Stdout, (await run.Finished).PackagesCache));
        Assert.Equal(4, service.StoredWheels.Count);
    }

    private static async Task<(ExecutionResult Result, IReadOnlyList<string> Lines)> LinesAsync(TestService service, string package)
    {
        var run = service.Start(Jobs.Python($"import {package}; print({package}.VERSION)", package));
        return (await run.Finished, [.. run.Events.OfType<PackagesInstalling>().Select(line => line.Line)]);
    }

    // As an eviction would.
    private static void Forget(TestService service)
    {
        foreach (var key in service.Environments) Directory.Delete(service.Folder[$"cache/environments/{key}"], recursive: true);
    }

    private static string FileName(string wheel) => System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(wheel, "wheel.json"))).RootElement.GetProperty("file").GetString()!;

    private static void Age(TestService service, int hours, string packages)
    {
        var manifest = service.Environments.Select(key => service.Folder[$"cache/environments/{key}/environment.json"]).Single(path => File.ReadAllText(path).Contains($"\"{packages}\"", StringComparison.Ordinal));
        File.SetLastWriteTimeUtc(manifest, DateTime.UtcNow.AddHours(-hours));
    }
}
