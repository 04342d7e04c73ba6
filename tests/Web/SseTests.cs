using System.Net;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>HTTP with SSE.</summary>
public sealed class SseTests
{
    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_stream_begins_with_the_address_to_post_to()
    {
        await using var web = await TestWeb.StartAsync();
        using var stream = await web.SendAsync(HttpMethod.Get, "/sse");
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (stream.Status, stream.ContentType));
        var (name, address) = await (await stream.EventsAsync()).NextEventAsync();
        Assert.Equal("endpoint", name);
        Assert.StartsWith("/message?sessionId=", address, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Messages_are_taken_with_202_and_answered_on_the_stream()
    {
        await using var web = await TestWeb.StartAsync();
        web.Runner.Prints = "4";
        using var client = await SseClient.OpenAsync(web);
        using var taken = await client.PostAsync(Messages.Initialize());
        Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        Assert.Equal("2025-06-18", (string)(await client.NextAsync())["result"]!["protocolVersion"]!);
        using var started = await client.PostAsync(Messages.Initialized);
        using var call = await client.PostAsync(Messages.Call(2));
        Assert.Equal("4", (await client.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Output_arrives_in_order_and_before_the_result()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var level = await client.PostAsync(Messages.SetLevel("info"));
        await client.NextAsync();
        using var call = await client.PostAsync(Messages.Call(2, progressToken: "p"));
        var job = await web.Runner.NextAsync();
        job.Print("one");
        job.Print("two");
        job.Finish("both");
        var order = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var happened = (await client.NextAsync())["params"]!;
            order.Add((string?)happened["message"] ?? "log " + (string)happened["data"]!);
        }
        Assert.Equal(["one", "log one", "two", "log two"], order);
        Assert.Equal("both", (await client.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancel_notification_stops_the_call_and_the_session_goes_on()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var call = await client.PostAsync(Messages.Call(9));
        var job = await web.Runner.NextAsync();
        using var cancel = await client.PostAsync(Messages.Cancelled(9));
        Assert.Equal(StopReason.ClientCancelled, await job.Stopped);
        using var tools = await client.PostAsync(Messages.List(10));
        Assert.Equal(10, (int)(await client.NextAsync())["id"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_hangs_up_stops_its_calls()
    {
        await using var web = await TestWeb.StartAsync();
        var client = await SseClient.OpenAsync(web);
        using var call = await client.PostAsync(Messages.Call());
        var job = await web.Runner.NextAsync();
        client.Dispose();
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("/message?sessionId=never-opened", HttpStatusCode.NotFound, -32001)]
    [InlineData("/message", HttpStatusCode.BadRequest, -32000)]
    [InlineData("/message?sessionId=a&sessionId=b", HttpStatusCode.BadRequest, -32000)]
    public async Task A_message_without_a_session_is_refused(string path, HttpStatusCode status, int code)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync(path, Messages.List(id: 5));
        Assert.Equal(status, answer.Status);
        var body = await answer.JsonAsync();
        Assert.Equal((code, 5), ((int)body["error"]!["code"]!, (int)body["id"]!));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_session_of_another_key_is_as_unknown_as_any_other()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var client = await SseClient.OpenAsync(web, ("x-api-key", "key-of-alice"));
        using var other = await web.PostAsync(client.Address, Messages.List(), ("x-api-key", "key-of-bob"));
        Assert.Equal((HttpStatusCode.NotFound, -32001), (other.Status, (await other.ErrorAsync()).Code));
        using var own = await web.PostAsync(client.Address, Messages.List(), ("x-api-key", "key-of-alice"));
        Assert.Equal(HttpStatusCode.Accepted, own.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_batch_is_refused()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var answer = await client.PostAsync($"[{Messages.List()}]");
        Assert.Equal((HttpStatusCode.BadRequest, -32600), (answer.Status, (await answer.ErrorAsync()).Code));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task One_session_too_many_is_refused_until_another_ends()
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { MaxSseSessions = 1 });
        var first = await SseClient.OpenAsync(web);
        using var second = await web.SendAsync(HttpMethod.Get, "/sse");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, second.Status);
        Assert.Equal("10", second.Header("Retry-After"));
        Assert.Contains("the limit is 1 (MAX_SSE_SESSIONS)", (await second.ErrorAsync()).Message, StringComparison.Ordinal);

        // The call's end shows that the server has noticed that the first client is gone.
        using var call = await first.PostAsync(Messages.Call());
        var job = await web.Runner.NextAsync();
        first.Dispose();
        await job.Stopped;
        Answer third;
        while ((third = await web.SendAsync(HttpMethod.Get, "/sse")).Status != HttpStatusCode.OK) third.Dispose();
        third.Dispose();
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_session_with_too_many_unanswered_requests_is_told_to_wait()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        for (var id = 1; id <= 256; id++)
        {
            using var taken = await client.PostAsync(Messages.Call(id));
            Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        }
        using var refused = await client.PostAsync(Messages.Call(257));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        (await web.Runner.NextAsync()).Finish("one answer");
        await client.NextAsync();
        // Its place is given up after it was written.
        await Eventually.HoldsAsync(
            async () =>
            {
                using var again = await client.PostAsync(Messages.List(258));
                return again.Status is HttpStatusCode.Accepted;
            },
            "room for another request");
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_method_that_does_not_exist_is_answered_with_method_not_found()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var taken = await client.PostAsync(Messages.Request(3, "tools/invent"));
        Assert.Equal(-32601, (int)(await client.NextAsync())["error"]!["code"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_without_a_tool_name_is_told_so()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var taken = await client.PostAsync(Messages.Request(3, "tools/call", []));
        Assert.Equal(-32602, (int)(await client.NextAsync())["error"]!["code"]!);
    }
}
