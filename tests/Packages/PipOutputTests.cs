using CodeExec.Worker.Packages;

namespace CodeExec.Tests.Packages;

public sealed class PipOutputTests
{
    [Theory]
    [InlineData("Looking in indexes: https://user:pass@index.example/simple", "Looking in indexes: https://index.example/simple")]
    [InlineData("https://user:p@ss@index.example/simple", "https://index.example/simple")]
    [InlineData("https://token@a.example/x, https://b:c@d.example/y", "https://a.example/x, https://d.example/y")]
    [InlineData("no address, but me@example.com", "no address, but me@example.com")]
    [InlineData("https://index.example/a@b", "https://index.example/a@b")]
    public void Credentials_are_cut_out_of_addresses(string line, string shown) => Assert.Equal(shown, new PipOutput().Add(line));

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
