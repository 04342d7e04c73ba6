using System.Text.Json;
using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Deploy;

/// <summary><c>bin/post_compile</c> as heroku/python runs it, and what a process makes of its wheels.</summary>
public sealed class WheelFolderTests : IDisposable
{
    private readonly EndToEnd.TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_build_fetches_what_the_list_names_and_what_that_needs_and_the_next_one_fetches_nothing_anew()
    {
        var index = Index().Add("alpha", "1.0", requires: ["beta"]).Add("beta", "2.0").Add("gamma", "3.0");
        var first = await BuildAsync("alpha\n", index);
        Assert.Contains("The wheel folder holds 2 wheels", first.Stdout, StringComparison.Ordinal);
        Assert.Equal(["alpha-1.0-py3-none-any.whl", "beta-2.0-py3-none-any.whl"], Wheels());

        // With nothing but what the last build has kept.
        Assert.Contains("Fetched the wheels", (await BuildAsync("beta\n", null)).Stdout, StringComparison.Ordinal);
        Assert.Equal(["beta-2.0-py3-none-any.whl"], Wheels());
    }

    [Fact]
    public async Task A_build_that_can_not_fetch_says_so_and_goes_on_with_the_wheels_of_the_last_one()
    {
        await BuildAsync("alpha\n", Index().Add("alpha", "1.0"));
        var second = await BuildAsync("alpha\nmissing\n", null);
        Assert.Equal(0, second.ExitCode);
        Assert.Contains("WARNING: pip could not fetch the wheels of requirements.txt", second.Stdout, StringComparison.Ordinal);
        Assert.Contains("missing", second.Stderr, StringComparison.Ordinal);
        Assert.Equal(["alpha-1.0-py3-none-any.whl"], Wheels());
    }

    [Fact]
    public async Task A_call_for_a_pre_warmed_package_needs_no_index()
    {
        await Checkout.BuiltAsync();
        await BuildAsync("alpha\n", Index().Add("alpha", "1.0", requires: ["beta"]).Add("beta", "2.0"));
        var settings = _folder.Settings.With("WHEEL_DIR", Path.Combine(_folder.Path, "build/wheels"));
        await using var program = RunningProgram.Start(Checkout.Codeexec, ["run", "import alpha, beta; print(alpha.VERSION, beta.VERSION)", "--packages", "alpha", "--json"], settings);
        using var result = JsonDocument.Parse((await program.EndAsync()).Stdout);
        Assert.Equal("1.0 2.0", result.RootElement.GetProperty("stdout").GetString());
        Assert.Equal("miss", result.RootElement.GetProperty("packages_cache").GetString());
    }

    private WheelFolder Index() => new(Path.Combine(_folder.Path, "index"));

    private List<string> Wheels() => [.. Directory.EnumerateFiles(Path.Combine(_folder.Path, "build/wheels")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private async Task<ProgramEnd> BuildAsync(string requirements, WheelFolder? index)
    {
        var build = Directory.CreateDirectory(Path.Combine(_folder.Path, "build")).FullName;
        await File.WriteAllTextAsync(Path.Combine(build, "requirements.txt"), requirements);
        var settings = _folder.Settings.With("BUILD_DIR", build).With("CACHE_DIR", Path.Combine(_folder.Path, "kept")).With("ENV_DIR", _folder.Path);
        if (index is not null) settings = settings.With("PIP_FIND_LINKS", new Uri(index.Path).AbsoluteUri);
        await using var program = RunningProgram.Start(Path.Combine(Checkout.Root, "bin/post_compile"), [], settings);
        return await program.EndAsync();
    }
}
