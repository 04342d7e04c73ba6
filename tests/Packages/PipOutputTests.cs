using CodeExec.Worker.Execution;
using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

public sealed class PipOutputTests
{
    private static readonly PythonInterpreter Interpreter = new("/usr/bin/python3", "3.11.2", "23.0.1");

    [Theory]
    [InlineData("Looking in indexes: https://user:pass@index.example/simple", "Looking in indexes: https://index.example/simple")]
    [InlineData("https://user:p@ss@index.example/simple", "https://index.example/simple")]
    [InlineData("https://token@a.example/x, https://b:c@d.example/y", "https://a.example/x, https://d.example/y")]
    [InlineData("no address, but me@example.com", "no address, but me@example.com")]
    [InlineData("https://index.example/a@b", "https://index.example/a@b")]
    public void Credentials_are_cut_out_of_addresses(string line, string shown) => Assert.Equal(shown, new PipOutput().Add(line));

    [Theory]
    [InlineData("ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/", "other", "The requested versions exclude each other")]
    [InlineData("ERROR: Could not find a version that satisfies the requirement ketle (from versions: none)", "other", "No installable package \"ketle\" was found for Python 3.11")]
    [InlineData("ERROR: Could not find a version that satisfies the requirement kettle==9 (from versions: 1.0, 2.0)", "kettle", "There is no such version of \"kettle\"")]
    [InlineData("ERROR: Could not find a version that satisfies the requirement Ket_tle (from versions: none)", "ket-tle", "The package index can't be reached")]
    [InlineData("ERROR: No matching distribution", "other", "The package index can't be reached")]
    public void A_request_that_was_tried_again_hides_no_other_cause(string error, string retried, string hint)
    {
        var output = new PipOutput();
        output.Add($"WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ReadTimeoutError': /simple/{retried}/");
        output.Add(error);
        Assert.StartsWith(hint, output.Hint(Interpreter, buildsPackages: false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "(it may differ from the import name); a package without a wheel can't be installed.")]
    [InlineData(true, "(it may differ from the import name).")]
    public void That_a_package_needs_a_wheel_is_said_only_where_it_does(bool buildsPackages, string end)
    {
        var output = new PipOutput();
        output.Add("ERROR: Could not find a version that satisfies the requirement kettle (from versions: none)");
        Assert.EndsWith(end, output.Hint(Interpreter, buildsPackages), StringComparison.Ordinal);
    }

    [Fact]
    public void However_much_pip_says_little_is_kept()
    {
        var output = new PipOutput();
        for (var i = 0; i < 10_000; i++) output.Add($"{i} {new string('x', 1000)}");
        var text = output.UsefulText();
        Assert.Equal(40, text.Split('\n').Length);
        Assert.Contains("9999 xxx", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 1000, 40 * 502);
    }

    [Fact]
    public void When_pip_said_nothing_useful_what_it_said_is_shown()
    {
        var output = new PipOutput();
        output.Add("Collecting kettle");
        Assert.Equal("Collecting kettle", output.UsefulText());
    }
}
