using System.Text.RegularExpressions;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Repository;

/// <summary>Habits of the code that a compiler doesn't check.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 300;

    private static readonly string[] Folders = ["src", "tests", "bench"];

    [Fact]
    public void No_source_file_is_longer_than_300_lines() =>
        Assert.All(Sources("*.cs", "*.py"), file => Assert.True(File.ReadLines(file).Count() <= LongestFile, file));

    [Fact]
    public void Every_log_event_has_its_own_id()
    {
        var ids = Sources("*.cs").SelectMany(file => EventId().Matches(File.ReadAllText(file)).Select(match => match.Groups["id"].Value)).Order(StringComparer.Ordinal).ToList();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct(StringComparer.Ordinal), ids);
    }

    [Fact]
    public void No_file_is_named_after_nothing() =>
        Assert.All(Sources("*.cs"), file => Assert.False(EmptyName().IsMatch(Path.GetFileName(file)), file));

    private static IEnumerable<string> Sources(params string[] patterns) =>
        from folder in Folders
        from pattern in patterns
        from file in Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), pattern, SearchOption.AllDirectories)
        let below = Path.GetRelativePath(Checkout.Root, file).Split('/')
        where !below.Contains("bin") && !below.Contains("obj") && !below.Contains("node_modules")
        select file;

    [GeneratedRegex(@"LoggerMessage\((?<id>\d+),", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EventId();

    [GeneratedRegex("(Util|Helper|Manager|Misc|Common)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmptyName();
}
