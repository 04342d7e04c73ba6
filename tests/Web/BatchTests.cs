using System.Net;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

public sealed class BatchTests
{
    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("2025-03-26")]
    [InlineData(null)]
    public async Task Every_request_of_a_batch_is_answered_on_one_stream(string? version)
    {
        await using var web = await TestWeb.StartAsync();
        web.Runner.Prints = "4";
        var batch = $"[{Messages.Call(1)},{Messages.Initialized},{Messages.List(2)},{Messages.Call(3)}]";
        using var answer = await web.PostAsync("/mcp", batch, version is null ? [] : [("MCP-Protocol-Version", version)]);
        var ids = new List<int>();
        for (var i = 0; i < 3; i++) ids.Add((int)(await answer.NextAsync())["id"]!);
        Assert.Equal([1, 2, 3], ids.Order());
        Assert.Empty(await (await answer.EventsAsync()).RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_batch_that_wants_no_answer_gets_202()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", $"[{Messages.Initialized}]");
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("2025-06-18")]
    [InlineData("2026-07-28")]
    public async Task Later_revisions_have_no_batches(string version)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", $"[{Messages.List()}]", ("MCP-Protocol-Version", version));
        Assert.Equal((HttpStatusCode.BadRequest, -32600), (answer.Status, (await answer.ErrorAsync()).Code));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_batch_must_be_usable_as_a_whole()
    {
        await using var web = await TestWeb.StartAsync();
        string[] batches =
        [
            "[]",
            "[17]",
            $"[{Messages.List(1)},{Messages.List(1)}]",
            $"[{Messages.Initialize()}]",
            $"[{string.Join(',', Enumerable.Range(1, 101).Select(id => Messages.List(id)))}]",
        ];
        foreach (var batch in batches)
        {
            using var answer = await web.PostAsync("/mcp", batch);
            Assert.Equal((HttpStatusCode.BadRequest, -32600), (answer.Status, (await answer.ErrorAsync()).Code));
        }
    }
}
