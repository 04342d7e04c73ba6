using System.Net;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Callers;
using Microsoft.Extensions.DependencyInjection;

namespace CodeExec.Tests.Web;

/// <summary>Streamable HTTP clients whose connection breaks in the middle of a call.</summary>
public sealed class ResumingTests
{
    private static readonly TimeSpan ResumeTime = new WebOptions().ResumeTime;

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_comes_back_gets_the_rest_in_order_and_the_result_once()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        Assert.Equal("2000", (await call.BegunAsync()).Retry);
        var job = await web.Runner.NextAsync();
        job.Print("one");
        Assert.Equal("one", (string)(await call.NextAsync())["params"]!["message"]!);
        call.Dispose();
        job.Print("two");
        job.Print("three");
        await call.ComeBackAsync();
        Assert.Equal("two", (string)(await call.NextAsync())["params"]!["message"]!);
        Assert.Equal("three", (string)(await call.NextAsync())["params"]!["message"]!);
        job.Print("four");
        Assert.Equal("four", (string)(await call.NextAsync())["params"]!["message"]!);
        job.Finish("all");
        Assert.Equal("all", (await call.NextAsync()).Stdout());
        Assert.Empty(await call.RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_lost_its_connection_before_anything_happened_can_come_back_too()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        await call.BegunAsync();
        call.Dispose();
        (await web.Runner.NextAsync()).Finish("4");
        await call.ComeBackAsync();
        Assert.Equal("4", (await call.NextAsync()).Stdout());
        // And again, as often as it likes.
        await call.ComeBackAsync();
        Assert.Empty(await call.RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_request_of_a_call_counts_until_the_call_is_over_also_when_its_connection_is_gone()
    {
        await using var web = await TestWeb.StartAsync();
        var memory = web.Services.GetRequiredService<RequestMemory>();
        using var call = await ResumableCall.StartAsync(web);
        await call.BegunAsync();
        var job = await web.Runner.NextAsync();
        var held = memory.Held;
        Assert.InRange(held, 1, 10_000);
        call.Dispose();
        await web.Time.ArmedAsync(ResumeTime, times: 2);
        Assert.Equal(held, memory.Held);
        job.Finish("4");
        await Eventually.HoldsAsync(() => memory.Held == 0, "an answered request that holds nothing");
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_whose_client_stays_away_is_stopped()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        await call.BegunAsync();
        var job = await web.Runner.NextAsync();
        call.Dispose();
        // Once when the answer began, once when its reader left.
        await web.Time.ArmedAsync(ResumeTime, times: 2);
        Assert.False(job.WasStopped);
        web.Time.Advance(ResumeTime);
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_came_back_in_time_keeps_its_call_going()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        await call.BegunAsync();
        var job = await web.Runner.NextAsync();
        call.Dispose();
        await web.Time.ArmedAsync(ResumeTime, times: 2);
        await call.ComeBackAsync();
        job.Print("still there");
        await call.NextAsync();
        web.Time.Advance(2 * ResumeTime);
        job.Finish("4");
        Assert.Equal("4", (await call.NextAsync()).Stdout());
        Assert.False(job.WasStopped);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancel_notification_stops_a_call_at_once_although_its_client_is_away()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web, id: 9);
        await call.BegunAsync();
        var job = await web.Runner.NextAsync();
        call.Dispose();
        using var cancel = await web.PostAsync("/mcp", Messages.Cancelled(9), call.Headers);
        Assert.Equal(StopReason.ClientCancelled, await job.Stopped);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("2025-06-18", true, 10)]
    [InlineData("2025-03-26", true, 10)]
    [InlineData("2025-11-25", false, 10)]
    [InlineData("2025-11-25", true, 0)]
    public async Task A_client_that_can_not_come_back_stops_its_call_by_hanging_up(string revision, bool hasSession, int resumeSeconds)
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { ResumeTime = TimeSpan.FromSeconds(resumeSeconds) });
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(revision));
        var headers = new List<(string, string)> { ("MCP-Protocol-Version", revision) };
        if (hasSession) headers.Add(("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!));
        var answer = await web.PostAsync("/mcp", Messages.Call(progressToken: "p"), [.. headers]);
        var job = await web.Runner.NextAsync();
        job.Print("one");
        Assert.Equal("one", (string)(await answer.NextAsync())["params"]!["message"]!);
        Assert.Null((await answer.EventsAsync()).LastId);
        answer.Dispose();
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task An_answer_that_is_gone_is_told_as_the_calls_error()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web, id: 7);
        await call.BegunAsync();
        (await web.Runner.NextAsync()).Finish("4");
        await call.NextAsync();
        Assert.Empty(await call.RestAsync());
        await web.Time.ArmedAsync(ResumeTime, times: 2);
        web.Time.Advance(ResumeTime);
        await call.ComeBackAsync();
        var told = await call.NextAsync();
        Assert.Equal((7, -32000), ((int)told["id"]!, (int)told["error"]!["code"]!));
        Assert.Contains("kept for 10 s (RESUME_SECONDS)", (string)told["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Empty(await call.RestAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Another_session_finds_nothing_and_another_key_no_session()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var mine = await ResumableCall.StartAsync(web, 1, ("x-api-key", "key-of-alice"));
        var last = (await mine.BegunAsync()).LastId!;
        using var other = await ResumableCall.StartAsync(web, 2, ("x-api-key", "key-of-alice"));
        using var answer = await web.SendAsync(HttpMethod.Get, "/mcp", [.. other.Headers, ("Last-Event-ID", last)]);
        Assert.NotNull((await answer.NextAsync())["error"]);
        using var stranger = await web.SendAsync(HttpMethod.Get, "/mcp", [.. mine.Headers.SkipLast(1), ("x-api-key", "key-of-bob"), ("Last-Event-ID", last)]);
        Assert.Equal((HttpStatusCode.NotFound, -32001), (stranger.Status, (await stranger.ErrorAsync()).Code));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("")]
    [InlineData("12")]
    [InlineData(".a.MQ.x")]
    [InlineData("...1")]
    [InlineData(".a.!!.1")]
    [InlineData(".a.e30.1")]
    public async Task An_event_id_that_is_not_ours_is_refused(string last)
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        using var answer = await web.SendAsync(HttpMethod.Get, "/mcp", [.. call.Headers, ("Last-Event-ID", last)]);
        Assert.Equal((HttpStatusCode.BadRequest, -32000), (answer.Status, (await answer.ErrorAsync()).Code));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task There_is_no_stream_beside_the_answers()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        using var answer = await web.SendAsync(HttpMethod.Get, "/mcp", call.Headers);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_shutdown_answers_the_calls_of_clients_that_come_back()
    {
        await using var web = await TestWeb.StartAsync();
        using var call = await ResumableCall.StartAsync(web);
        await call.BegunAsync();
        var job = await web.Runner.NextAsync();
        await call.ComeBackAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(20));
        job.Finish("4");
        Assert.Equal("4", (await call.NextAsync()).Stdout());
        await stop.WaitAsync(TestWeb.Patience);
    }
}
