using System.Net;
using CodeExec.Shared.Jobs;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>How the service ends. The clock is the test's, so nothing here takes the time it talks about.</summary>
public sealed class ShutdownTests
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StreamEnd = TimeSpan.FromSeconds(2);

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_ends_in_time_is_answered_over_http()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call());
        var job = await web.Runner.NextAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);
        Assert.False(job.WasStopped);
        job.Finish("4");
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_ends_in_time_is_answered_over_sse_before_its_stream_ends()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var call = await client.PostAsync(Messages.Call());
        var job = await web.Runner.NextAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);
        job.Finish("4");
        Assert.Equal("4", (await client.NextAsync()).Stdout());
        Assert.Equal("the server is shutting down", await (await client.EventsAsync()).NextCommentAsync());
        Assert.Empty(await (await client.EventsAsync()).RestAsync());
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_takes_too_long_is_stopped_and_told_why()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var overSse = await client.PostAsync(Messages.Call(1));
        var first = await web.Runner.NextAsync();
        using var overHttp = await web.PostAsync("/mcp", Messages.Call(2));
        var second = await web.Runner.NextAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);
        web.Time.Advance(Drain);
        Assert.Equal((StopReason.ShuttingDown, StopReason.ShuttingDown), (await first.Stopped, await second.Stopped));
        foreach (var result in new[] { await client.NextAsync(), await overHttp.NextAsync() })
        {
            Assert.True((bool)result["result"]!["isError"]!);
            Assert.Contains("shut down while this code ran", result.Text(), StringComparison.Ordinal);
        }
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task While_calls_drain_new_ones_are_refused_and_health_says_stopping()
    {
        await using var web = await TestWeb.StartAsync();
        using var running = await web.PostAsync("/mcp", Messages.Call(1));
        var job = await web.Runner.NextAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);

        using var late = await web.PostAsync("/mcp", Messages.Call(2));
        var refusal = await late.NextAsync();
        Assert.True((bool)refusal["result"]!["isError"]!);
        Assert.Contains("shutting down", refusal.Text(), StringComparison.Ordinal);
        using var health = await web.SendAsync(HttpMethod.Get, "/health");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "stopping"), (health.Status, (string)(await health.JsonAsync())["status"]!));
        using var stream = await web.SendAsync(HttpMethod.Get, "/sse");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stream.Status);
        Assert.Contains("shutting down", (await stream.ErrorAsync()).Message, StringComparison.Ordinal);

        job.Finish("4");
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Idle_streams_hold_nothing_up()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        var stop = web.StopAsync();
        Assert.Equal("the server is shutting down", await (await client.EventsAsync()).NextCommentAsync());
        await stop.WaitAsync(TestWeb.Patience);
        Assert.Equal(0, web.Time.Armed(Drain));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_never_reads_is_cut_off()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var call = await client.PostAsync(Messages.Call(progressToken: "p"));
        var job = await web.Runner.NextAsync();
        var text = new string('x', 64 * 1024);
        for (var i = 0; i < 512; i++) job.Print(text);
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);
        web.Time.Advance(Drain);
        await job.Stopped;
        await web.Time.ArmedAsync(StreamEnd);
        web.Time.Advance(StreamEnd);
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_can_not_be_stopped_does_not_hold_the_process_for_ever()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Call());
        var job = await web.Runner.NextAsync();
        job.IgnoresStop = true;
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(Drain);
        web.Time.Advance(Drain);
        await job.Stopped;
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(3));
        web.Time.Advance(TimeSpan.FromSeconds(3));
        // From here on Kestrel waits by the real clock, so the test lets the call end to spare itself that.
        job.Finish("late");
        await stop.WaitAsync(TestWeb.Patience);
    }
}
