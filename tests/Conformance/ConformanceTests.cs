using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Conformance;

/// <summary>
/// The official conformance suite, every scenario for servers that it has for a revision. What can't pass stands with its reason in a file
/// of <c>tests/Conformance/expected</c>; a scenario that fails without standing there fails the test, and so does one that stands there and passes.
/// </summary>
public sealed class ConformanceTests(FixtureServer fixtures) : IClassFixture<FixtureServer>
{
    private const string Suite = "node_modules/@modelcontextprotocol/conformance/dist/index.js";

    public static TheoryData<string> Revisions => ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

    [Theory]
    [MemberData(nameof(Revisions))]
    public Task The_endpoints_pass_every_scenario_of_a_revision(string revision) => PassesAsync(fixtures.Url, "fixtures", revision);

    [Theory]
    [MemberData(nameof(Revisions))]
    public async Task The_plain_server_passes_every_scenario_that_asks_for_nothing_it_does_not_offer(string revision)
    {
        await using var web = await TestWeb.StartAsync();
        await PassesAsync($"http://localhost:{web.Address.Port}/mcp", "plain", revision);
    }

    private static async Task PassesAsync(string url, string server, string revision)
    {
        using var folder = new TestFolder();
        await using var suite = NodeClient.Start(
            Suite,
            ["server", "--url", url, "--suite", "all", "--spec-version", revision, "--expected-failures", Path.Combine(Checkout.Root, $"tests/Conformance/expected/{server}-{revision}.yml"), "--output-dir", folder.Path],
            ProgramSettings.Inherited);
        var end = await suite.EndAsync();
        Assert.True(end.ExitCode == 0, suite.Transcript);
    }
}
