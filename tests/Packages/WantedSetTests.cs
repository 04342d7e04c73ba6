using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

/// <summary>What calls ask for is counted, and what they ask for most is ready after a start.</summary>
public sealed class WantedSetTests
{
    [Fact]
    public void What_calls_ask_for_most_comes_first()
    {
        using var folder = new TestFolder();
        using var wanted = new WantedSets(Options(folder), new ManualTime());
        foreach (var set in new[] { "sugar milk", "kettle", "milk sugar", "kettle", "sugar milk sugar", "tea" }) Count(wanted, set);
        Assert.Equal(["milk sugar: 3", "kettle: 2", "tea: 1"], Told(wanted, 8));
        Assert.Equal("milk sugar: 3", Assert.Single(Told(wanted, 1)));
    }

    [Fact]
    public void Processes_that_share_a_cache_count_together()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        using (var one = new WantedSets(Options(folder), time))
        using (var other = new WantedSets(Options(folder), time))
        {
            for (var i = 0; i < 3; i++)
            {
                Count(one, "kettle");
                Count(other, "kettle");
                Count(other, "sugar");
            }
        }
        using var next = new WantedSets(Options(folder), time);
        Assert.Equal(["kettle: 6", "sugar: 3"], Told(next, 8));
    }

    [Fact]
    public void Counting_writes_once_a_minute()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        using var wanted = new WantedSets(Options(folder), time);
        Count(wanted, "kettle");
        var first = File.ReadAllText(folder["wanted.json"]);
        for (var i = 0; i < 100; i++) Count(wanted, "kettle");
        Assert.Equal(first, File.ReadAllText(folder["wanted.json"]));
        time.Advance(TimeSpan.FromMinutes(1));
        Count(wanted, "kettle");
        Assert.Contains("\"calls\":102", File.ReadAllText(folder["wanted.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_nobody_asks_for_is_forgotten()
    {
        using var folder = new TestFolder();
        var time = new ManualTime();
        using var wanted = new WantedSets(Options(folder), time);
        Count(wanted, "kettle");
        Count(wanted, "kettle");
        time.Advance(TimeSpan.FromDays(31));
        Count(wanted, "sugar");
        Assert.Equal(["sugar: 1"], Told(wanted, 8));
        for (var i = 0; i < 300; i++) Count(wanted, $"part{i}");
        Assert.Equal(200, wanted.Top(1000).Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{\"requirements\":[\"ket")]
    [InlineData("[{\"requirements\":[\"-r evil.txt\"],\"calls\":9,\"lastCall\":9999999999}]")]
    [InlineData("{\"other\":1}")]
    public void A_file_that_can_not_be_used_is_begun_again(string text)
    {
        using var folder = new TestFolder();
        folder.Write("wanted.json", text);
        using var wanted = new WantedSets(Options(folder), new ManualTime());
        Assert.Empty(wanted.Top(8));
        Count(wanted, "kettle");
        Assert.Equal(["kettle: 1"], Told(wanted, 8));
    }

    [Fact]
    public async Task What_calls_ask_for_most_is_there_after_a_start()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0").Add("sugar", "1.0").Add("milk", "1.0");
        await service.RunAsync("print(1)", "kettle");
        await service.RunAsync("print(1)", "sugar", "milk");
        foreach (var key in service.Environments) Directory.Delete(service.Folder[$"cache/environments/{key}"], recursive: true);
        // One that is gone from the index doesn't keep the others from being made.
        File.Delete(Path.Combine(service.Wheels.Path, "kettle-1.0-py3-none-any.whl"));
        await service.Local.PrewarmAsync(CancellationToken.None);
        Assert.Equal(PackagesCache.Hit, (await service.RunAsync("import sugar, milk; print(1)", "milk", "sugar")).PackagesCache);
        Assert.Contains(service.Logs.Lines, line => line.Contains("kettle could not be pre-warmed though calls asked for it", StringComparison.Ordinal));
    }

    private static PackageOptions Options(TestFolder folder) => new() { CacheDirectory = folder.Path };

    private static void Count(WantedSets wanted, string set) => wanted.Count([.. set.Split(' ').Select(Jobs.Requirement)]);

    private static IReadOnlyList<string> Told(WantedSets wanted, int most) => [.. wanted.Top(most).Select(set => $"{string.Join(' ', set.Requirements)}: {set.Calls}")];
}
