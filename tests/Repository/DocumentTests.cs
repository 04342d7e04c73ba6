using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CodeExec.Shared.Settings;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Repository;

/// <summary>Documents are part of the product: what they name exists, and what exists is named.</summary>
public sealed partial class DocumentTests
{
    private static readonly IReadOnlyList<KnownSetting> Settings = ServiceSettings.Read(new Dictionary<string, string>(StringComparer.Ordinal), servesHttp: true).Known;

    [Theory]
    [InlineData("README.md")]
    [InlineData("ARCHITECTURE.md")]
    [InlineData("SECURITY.md")]
    [InlineData("docs/deploying-elsewhere.md")]
    [InlineData("docs/decisions/README.md")]
    public void Every_path_and_link_of_a_document_exists(string document)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, document));
        var folder = Path.GetDirectoryName(Path.Combine(Checkout.Root, document))!;
        var paths = SourcePath().Matches(text).Select(match => Path.Combine(Checkout.Root, match.Groups["path"].Value))
            .Concat(Link().Matches(text).Select(match => Path.Combine(folder, match.Groups["path"].Value)))
            .ToList();

        Assert.NotEmpty(paths);
        Assert.All(paths, path => Assert.True(File.Exists(path) || Directory.Exists(path), path));
    }

    [Fact]
    public void Every_setting_stands_in_the_configuration_with_its_true_default_and_nothing_else_does()
    {
        var documented = SettingRow().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "docs/configuration.md")))
            .Select(match => new KnownSetting(match.Groups["name"].Value, match.Groups["default"].Value.Trim()))
            .OrderBy(setting => setting.Name, StringComparer.Ordinal);

        Assert.Equal(Settings.OrderBy(setting => setting.Name, StringComparer.Ordinal), documented);
    }

    [Fact]
    public void Every_variable_of_the_deploy_form_is_a_setting_and_shows_its_default()
    {
        var form = JsonNode.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "app.json")))!["env"]!.AsObject();

        Assert.NotEmpty(form);
        foreach (var (name, field) in form)
        {
            var setting = Assert.Single(Settings, known => known.Name == name);
            if (field!["value"] is { } value) Assert.Equal(setting.Default, value.GetValue<string>());
        }
    }

    [Fact]
    public void Every_decision_is_listed()
    {
        var list = File.ReadAllText(Path.Combine(Checkout.Root, "docs/decisions/README.md"));
        var pages = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs/decisions"), "0*.md").Select(page => Path.GetFileName(page)!).ToList();

        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.Contains($"({page})", list, StringComparison.Ordinal));
    }

    // A path in backticks that begins at the root; what the tests' sentences name as a pattern or a command isn't one.
    [GeneratedRegex(@"`(?<path>(src|tests|bench|docs|bin)/[A-Za-z0-9_./-]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"\]\((?<path>[A-Za-z0-9_./-]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| `(?<name>[A-Z][A-Z_]*\*?)` \| (?<default>[^|]*) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SettingRow();
}
