using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>Whose call it was, in the line that each call leaves in the log.</summary>
public sealed class AuditTests
{
    [Fact(Timeout = TestWeb.Limit)]
    public async Task Each_call_is_written_down_under_the_name_of_its_key_and_never_with_the_key()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(10, 1) });
        web.Runner.Prints = "the secret output";
        using var ran = await web.PostAsync("/mcp", Messages.Call(code: "print('secret')"), TestWeb.Alice);
        await ran.NextAsync();
        using var refused = await web.PostAsync("/mcp", Messages.Call(code: "print('secret')"), TestWeb.Alice);
        await refused.NextAsync();
        using var sse = await SseClient.OpenAsync(web, TestWeb.Bob);
        using var taken = await sse.PostAsync(Messages.Call(code: "print('secret')"), TestWeb.Bob);
        await sse.NextAsync();

        var lines = web.Logs.Lines.Where(line => line.Contains(": call job=", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.Matches(" caller=\"alice\" client=\"\" packages=\\[\\] ending=ok returncode=0 ", lines[0]);
        Assert.Matches(" caller=\"alice\" .* ending=refused returncode=none .* reason=\"The service takes 1 calls a minute from API key ", lines[1]);
        Assert.Contains(" caller=\"bob\" ", lines[2], StringComparison.Ordinal);
        Assert.DoesNotContain(web.Logs.Lines, line => line.Contains("secret", StringComparison.Ordinal) || line.Contains("key-of", StringComparison.Ordinal));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_whose_client_left_is_written_down_too()
    {
        await using var web = await TestWeb.StartAsync();
        var call = await web.PostAsync("/mcp", Messages.Call());
        var job = await web.Runner.NextAsync();
        call.Dispose();
        await job.Stopped;
        await CodeExec.Tests.Support.Eventually.HoldsAsync(
            () => web.Logs.Lines.Any(line => line.Contains(" caller=\"anonymous\" client=\"\" packages=[] ending=cancelled returncode=-9 ", StringComparison.Ordinal)), "a line for the call");
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("me\ncall job=000000000000 caller=\"root\"")]
    [InlineData("me\u2028\u001b[2J")]
    public async Task A_clients_name_forges_no_line(string name)
    {
        await using var web = await TestWeb.StartAsync();
        web.Runner.Prints = "4";
        using var sse = await SseClient.OpenAsync(web);
        var hello = JsonNode.Parse(Messages.Initialize())!;
        hello["params"]!["clientInfo"]!["name"] = name;
        using var taken = await sse.PostAsync(hello.ToJsonString());
        await sse.NextAsync();
        using var call = await sse.PostAsync(Messages.Call(2));
        await sse.NextAsync();
        var line = Assert.Single(web.Logs.Lines, line => line.Contains(": call job=", StringComparison.Ordinal));
        Assert.Contains("client=\"me\\u", line, StringComparison.Ordinal);
        Assert.DoesNotContain(line, char.IsControl);
    }
}
