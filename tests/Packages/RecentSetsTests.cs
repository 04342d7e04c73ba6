using CodeExec.Shared.Packages;
using CodeExec.Tests.Support;
using CodeExec.Worker.Running;

namespace CodeExec.Tests.Packages;

/// <summary>What a worker says it has ready.</summary>
public sealed class RecentSetsTests
{
    [Fact]
    public void The_same_wishes_have_the_same_name_in_any_order_and_spelling()
    {
        Assert.Equal(Name("NumPy >= 1.26, <3", "requests"), Name("requests", "numpy<3,>=1.26", "requests"));
        Assert.NotEqual(Name("numpy"), Name("numpy>=1"));
        Assert.NotEqual(Name("numpy"), Name("numpy", "requests"));
        Assert.Equal("", Name());
    }

    [Fact]
    public void The_sets_used_last_are_shown_newest_first()
    {
        var recent = new RecentSets(_ => true);
        for (var i = 0; i < 40; i++) recent.Add([Jobs.Requirement($"package{i}")]);
        recent.Add([Jobs.Requirement("package20")]);
        Assert.Equal([Name("package20"), .. Enumerable.Range(9, 31).Reverse().Where(i => i != 20).Select(i => Name($"package{i}")), Name("package8")], recent.Sets);
    }

    [Fact]
    public async Task A_set_whose_environment_was_evicted_is_shown_no_longer()
    {
        await using var service = new TestService(packages: options => options with { CacheMaxBytes = 1_500_000 });
        foreach (var name in new[] { "alpha", "beta" }) service.Wheels.Add(name, "1.0", padding: 1_000_000);
        var recent = new RecentSets(service.Local.Holds);
        recent.Add([Jobs.Requirement("alpha")]);
        Assert.Empty(recent.Sets);
        await service.RunAsync("print(1)", "alpha");
        Assert.Equal([Name("alpha")], recent.Sets);
        await service.RunAsync("print(1)", "beta");
        Assert.Empty(recent.Sets);
    }

    private static string Name(params string[] packages) => PackageSet.NameOf([.. packages.Select(Jobs.Requirement)]);
}
