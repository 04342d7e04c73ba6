using CodeExec.Shared.Jobs;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>Calls over Streamable HTTP while they run.</summary>
public sealed class StreamableHttpCallTests
{
    [Fact(Timeout = TestWeb.Limit)]
    public async Task Output_arrives_in_order_and_before_the_result()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call(progressToken: "p"));
        var job = await web.Runner.NextAsync();
        for (var i = 0; i < 5; i++)
        {
            job.Print($"line {i}");
            var progress = await answer.NextAsync();
            Assert.Equal(("notifications/progress", "p", $"line {i}"), ((string)progress["method"]!, (string)progress["params"]!["progressToken"]!, (string)progress["params"]!["message"]!));
        }
        job.Finish("all");
        Assert.Equal("all", (await answer.NextAsync()).Stdout());
        Assert.Empty(await (await answer.EventsAsync()).RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancel_notification_stops_the_call_and_ends_its_stream()
    {
        await using var web = await TestWeb.StartAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize());
        var session = ("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!);
        using var call = await web.PostAsync("/mcp", Messages.Call(id: 9), session);
        var job = await web.Runner.NextAsync();
        using var cancel = await web.PostAsync("/mcp", Messages.Cancelled(9), session);
        Assert.Equal(StopReason.ClientCancelled, await job.Stopped);
        Assert.Equal("cancelled", (string)(await call.NextAsync())["result"]!["structuredContent"]!["status"]!);
        Assert.Empty(await (await call.EventsAsync()).RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancel_notification_finds_the_calls_of_its_own_session_alone()
    {
        await using var web = await TestWeb.StartAsync();
        using var first = await web.PostAsync("/mcp", Messages.Initialize());
        using var second = await web.PostAsync("/mcp", Messages.Initialize());
        var (mine, other) = (("Mcp-Session-Id", first.Header("Mcp-Session-Id")!), ("Mcp-Session-Id", second.Header("Mcp-Session-Id")!));
        using var call = await web.PostAsync("/mcp", Messages.Call(id: 9), mine);
        var job = await web.Runner.NextAsync();
        using var stranger = await web.PostAsync("/mcp", Messages.Cancelled(9), other);
        using var nobody = await web.PostAsync("/mcp", Messages.Cancelled(9));
        using var wrong = await web.PostAsync("/mcp", Messages.Cancelled(8), mine);
        Assert.False(job.WasStopped);
        job.Finish("4");
        Assert.Equal("4", (await call.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_hangs_up_stops_its_call()
    {
        await using var web = await TestWeb.StartAsync();
        var answer = await web.PostAsync("/mcp", Messages.Call());
        var job = await web.Runner.NextAsync();
        answer.Dispose();
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_without_handshake_that_hangs_up_stops_its_call()
    {
        await using var web = await TestWeb.StartAsync();
        var call = web.PostAsync("/mcp", Messages.ModernCall(), Messages.ModernHeaders("tools/call", "code_exec_python"));
        var job = await web.Runner.NextAsync();
        web.Time.Advance(TimeSpan.FromMilliseconds(250));
        (await call).Dispose();
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task An_answer_starts_before_its_call_does_anything()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call());
        (await web.Runner.NextAsync()).Finish("4");
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_wrong_argument_is_explained_in_the_result()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call(code: ""));
        var result = await answer.NextAsync();
        Assert.True((bool)result["result"]!["isError"]!);
        Assert.Contains("\"code\" is empty", result.Text(), StringComparison.Ordinal);
    }
}
