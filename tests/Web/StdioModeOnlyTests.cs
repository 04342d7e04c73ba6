using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

public sealed class StdioModeOnlyTests
{
    private static readonly WebOptions StdioOnly = new() { StdioModeOnly = true };

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_tool_is_not_listed_over_http()
    {
        await using var web = await TestWeb.StartAsync(StdioOnly);
        using var answer = await web.PostAsync("/mcp", Messages.List());
        Assert.Empty((await answer.NextAsync())["result"]!["tools"]!.AsArray());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_tool_can_not_be_called_over_http()
    {
        await using var web = await TestWeb.StartAsync(StdioOnly);
        using var answer = await web.PostAsync("/mcp", Messages.Call());
        var error = (await answer.NextAsync())["error"]!;
        Assert.Equal(-32602, (int)error["code"]!);
        Assert.Contains("STDIO_MODE_ONLY", (string)error["message"]!, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("job_status")]
    [InlineData("nope")]
    public async Task Nobody_is_told_of_a_tool_that_is_not_there(string name)
    {
        await using var web = await TestWeb.StartAsync(StdioOnly, settings: new ServiceSettings { Tool = new ToolOptions { JobTools = true } });
        using var answer = await web.PostAsync("/mcp", Messages.Request(1, "tools/call", new JsonObject { ["name"] = name }));
        var error = (await answer.NextAsync())["error"]!;
        Assert.Equal(-32602, (int)error["code"]!);
        Assert.Equal($"Unknown tool \"{name}\". Over HTTP this server offers none (STDIO_MODE_ONLY is true).", (string)error["message"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_tool_is_neither_listed_nor_called_over_sse()
    {
        await using var web = await TestWeb.StartAsync(StdioOnly);
        using var client = await SseClient.OpenAsync(web);
        using var list = await client.PostAsync(Messages.List());
        Assert.Empty((await client.NextAsync())["result"]!["tools"]!.AsArray());
        using var call = await client.PostAsync(Messages.Call(2));
        Assert.Equal(-32602, (int)(await client.NextAsync())["error"]!["code"]!);
    }
}
