using System.Net;
using System.Net.Sockets;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Callers;
using CodeExec.Web.Mcp;
using Microsoft.Extensions.DependencyInjection;

namespace CodeExec.Tests.Web;

/// <summary>Sessions that are opened and left, guessed, taken from others or never read; the next caller is served.</summary>
public sealed class HostileSessionTests
{
    private const string OpenSse = "GET /sse HTTP/1.1\nHost: localhost\nx-api-key: key-of-alice\n\n";

    [Fact(Timeout = 120_000)]
    public async Task Ten_thousand_sse_sessions_that_are_opened_and_left_are_bounded_and_gone_when_their_clients_are()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { MaxSseSessions = 200 });
        var sessions = web.Services.GetRequiredService<SseSessions>();
        var left = new List<Socket>();
        var refused = 0;
        for (var i = 0; i < 10_000; i++)
        {
            var socket = await RawRequest.OpenAsync(web.Address, OpenSse);
            if ((await FirstLineAsync(socket)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) left.Add(socket);
            else
            {
                refused++;
                socket.Dispose();
            }
        }
        Assert.Equal((100, 100, 9900), (left.Count, sessions.Count, refused));
        using (var bob = await SseClient.OpenAsync(web, TestWeb.Bob)) await ServesAsync(bob);

        foreach (var socket in left) socket.Dispose();
        await Eventually.HoldsAsync(() => sessions.Count == 0, "an end of the sessions");
        using var alice = await SseClient.OpenAsync(web, TestWeb.Alice);
        await ServesAsync(alice, TestWeb.Alice);
    }

    [Fact(Timeout = 120_000)]
    public async Task Ten_thousand_http_sessions_that_are_opened_and_left_leave_next_to_nothing()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        for (var i = 0; i < 200; i++) await HelloAsync(web);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 10_000; i++) await HelloAsync(web);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        // A server that was kept for each would hold more than 20 KB of it; what tests beside this one hold meanwhile is in the figure, too.
        Assert.True(grown < 10_000 * 8 * 1024, $"{grown} bytes are held for 10,000 sessions");
        using var answer = await web.PostAsync("/mcp", Messages.List(), TestWeb.Bob);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_does_not_read_its_stream_is_cut_and_its_calls_end()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(4, 0) });
        var memory = web.Services.GetRequiredService<RequestMemory>();
        var sessions = web.Services.GetRequiredService<SseSessions>();
        using var socket = await RawRequest.OpenAsync(web.Address, OpenSse);
        var address = await AddressAsync(socket);
        // More than what the sockets of both ends take: megabytes each.
        var big = new string('x', 8 * 1024 * 1024);
        for (var id = 1; id <= 4; id++)
        {
            using var taken = await web.PostAsync(address, Messages.Call(id), TestWeb.Alice);
            Assert.Equal(HttpStatusCode.Accepted, taken.Status);
            (await web.Runner.NextAsync()).Finish(big);
        }
        await web.Time.ArmedAsync(ReadingWatch.Longest);

        // What isn't read counts as under way: no more than four answers are ever held, whatever else is sent.
        using var more = await web.PostAsync(address, Messages.Call(5), TestWeb.Alice);
        Assert.Equal(HttpStatusCode.Accepted, more.Status);
        await web.Time.ArmedAsync(new ExecutionOptions().QueueTimeout);
        Assert.True(memory.Held > 0);
        using (var bob = await SseClient.OpenAsync(web, TestWeb.Bob)) await ServesAsync(bob);

        await Eventually.HoldsAsync(
            () =>
            {
                // What the client's side of the connection still takes are pieces of their own, each with its own time.
                web.Time.Advance(ReadingWatch.Longest);
                return sessions.Count == 0;
            },
            "an end of the session that nobody reads");
        await Eventually.HoldsAsync(() => memory.Held == 0, "an end of what it held");
        web.Runner.Prints = "served";
        using var answer = await web.PostAsync("/mcp", Messages.Call(), TestWeb.Alice);
        Assert.Equal("served", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_cancel_while_the_client_is_slow_to_read_leaves_every_event_whole()
    {
        await using var web = await TestWeb.StartAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize());
        var session = ("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!);
        using var call = await web.PostAsync("/mcp", Messages.Call(id: 9, progressToken: "p"), session);
        var job = await web.Runner.NextAsync();
        // More than a connection holds whose client doesn't read.
        for (var i = 0; i < 160; i++) job.Print(new string('x', 100_000));
        await web.Time.ArmedAsync(ReadingWatch.Longest);
        using var cancel = await web.PostAsync("/mcp", Messages.Cancelled(9), session);
        Assert.Equal(StopReason.ClientCancelled, await job.Stopped);
        var last = await call.NextAsync();
        while (last["id"] is null)
        {
            Assert.Equal(100_000, ((string)last["params"]!["message"]!).Length);
            last = await call.NextAsync();
        }
        Assert.Equal("cancelled", (string)last["result"]!["structuredContent"]!["status"]!);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancel_over_sse_while_the_client_is_slow_to_read_leaves_every_event_whole(bool whileItPrints)
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var call = await client.PostAsync(Messages.Call(1, progressToken: "p"));
        var job = await web.Runner.NextAsync();
        for (var i = 0; whileItPrints && i < 160; i++) job.Print(new string('x', 100_000));
        if (!whileItPrints) job.Finish(new string('x', 8_000_000));
        await web.Time.ArmedAsync(ReadingWatch.Longest);
        using var cancel = await client.PostAsync(Messages.Cancelled(1));
        if (whileItPrints) await job.Stopped;
        using var next = await client.PostAsync(Messages.Call(2));
        (await web.Runner.NextAsync()).Finish("4");

        var last = await client.NextAsync();
        while ((int?)last["id"] != 2) last = await client.NextAsync();
        Assert.Equal("4", last.Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_does_not_read_the_answer_to_its_post_is_cut()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) });
        var call = Messages.Call(1, progressToken: "p");
        using var socket = await RawRequest.OpenAsync(
            web.Address, $"POST /mcp HTTP/1.1\nHost: localhost\nx-api-key: key-of-alice\nAccept: */*\nContent-Type: application/json\nContent-Length: {call.Length}\n\n{call}");
        var job = await web.Runner.NextAsync();
        for (var i = 0; i < 16; i++) job.Print(new string('x', 1024 * 1024));
        await web.Time.ArmedAsync(ReadingWatch.Longest);
        await Eventually.HoldsAsync(
            () =>
            {
                web.Time.Advance(ReadingWatch.Longest);
                return job.WasStopped;
            },
            "a call that is stopped");
        Assert.Equal(StopReason.ClientGone, await job.Stopped);
        web.Runner.Prints = "served";
        using var answer = await web.PostAsync("/mcp", Messages.Call(), TestWeb.Alice);
        Assert.Equal("served", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_reads_slowly_gets_everything()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var taken = await client.PostAsync(Messages.Call(1));
        var big = new string('x', 8 * 1024 * 1024);
        (await web.Runner.NextAsync()).Finish(big);
        await web.Time.ArmedAsync(ReadingWatch.Longest);
        // Not quite the time that one piece may take, and now the client reads.
        web.Time.Advance(ReadingWatch.Longest - TimeSpan.FromSeconds(1));
        Assert.Equal(big, (await client.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Requests_of_one_session_with_one_id_count_each_and_are_refused()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        using var first = await client.PostAsync(Messages.Call(1));
        var job = await web.Runner.NextAsync();
        using var second = await client.PostAsync(Messages.Call(1));
        var (code, message) = await second.ErrorAsync();
        Assert.Equal((HttpStatusCode.BadRequest, -32600), (second.Status, code));
        Assert.Contains("an unanswered request with id 1 already", message, StringComparison.Ordinal);
        job.Finish("one");
        Assert.Equal("one", (await client.NextAsync()).Stdout());
        web.Runner.Prints = "again";
        await Eventually.HoldsAsync(
            async () =>
            {
                using var again = await client.PostAsync(Messages.Call(1));
                return again.Status is HttpStatusCode.Accepted;
            },
            "an id that can be used again");
        Assert.Equal("again", (await client.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Cancelling_does_not_lift_the_bound_on_what_is_under_way()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        for (var id = 1; id <= 256; id++)
        {
            using var taken = await client.PostAsync(Messages.Call(id));
            (await web.Runner.NextAsync()).IgnoresStop = true;
            using var cancel = await client.PostAsync(Messages.Cancelled(id));
            Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (taken.Status, cancel.Status));
        }
        using var refused = await client.PostAsync(Messages.Call(257));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        using var other = await SseClient.OpenAsync(web);
        await ServesAsync(other);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Bad_requests_of_a_session_leave_no_mark_however_many()
    {
        await using var web = await TestWeb.StartAsync();
        using var client = await SseClient.OpenAsync(web);
        for (var id = 1; id <= 600; id++)
        {
            using var bad = await client.PostAsync(Messages.Request(id, id % 2 == 0 ? "tools/call" : "tools/invent", []));
            Assert.Equal(HttpStatusCode.Accepted, bad.Status);
            Assert.NotNull((await client.NextAsync())["error"]);
        }
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Sessions_of_one_key_are_unknown_to_another_on_every_way_in()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(), TestWeb.Alice);
        var session = hello.Header("Mcp-Session-Id")!;
        using var alice = await SseClient.OpenAsync(web, TestWeb.Alice);
        using var call = await web.PostAsync("/mcp", Messages.Call(7), TestWeb.Alice, ("Mcp-Session-Id", session));
        var http = await web.Runner.NextAsync();
        using var taken = await alice.PostAsync(Messages.Call(7), TestWeb.Alice);
        var sse = await web.Runner.NextAsync();

        var sseId = alice.Address[(alice.Address.IndexOf('=', StringComparison.Ordinal) + 1)..];
        foreach (var message in new[] { Messages.Cancelled(7), Messages.SetLevel("debug"), Messages.List(), Messages.Call() })
        {
            foreach (var id in new[] { session, sseId, Flipped(session), session + "A", session[..^1], "other." + sseId, sseId + "." })
            {
                using var stolen = await web.PostAsync("/mcp", message, TestWeb.Bob, ("Mcp-Session-Id", id));
                Assert.Equal((HttpStatusCode.NotFound, -32001), (stolen.Status, (await stolen.ErrorAsync()).Code));
                using var posted = await web.PostAsync($"/message?sessionId={id}", message, TestWeb.Bob);
                Assert.Equal((HttpStatusCode.NotFound, -32001), (posted.Status, (await posted.ErrorAsync()).Code));
            }
        }
        Assert.False(http.WasStopped || sse.WasStopped);
        http.Finish("http");
        sse.Finish("sse");
        Assert.Equal("http", (await call.NextAsync()).Stdout());
        Assert.Equal("sse", (await alice.NextAsync()).Stdout());
    }

    private static string Flipped(string id) => (id[0] == 'A' ? 'B' : 'A') + id[1..];

    private static async Task HelloAsync(TestWeb web)
    {
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(), TestWeb.Alice);
        await hello.TextAsync();
        using var level = await web.PostAsync("/mcp", Messages.SetLevel("info"), TestWeb.Alice, ("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!));
        await level.TextAsync();
    }

    private static async Task ServesAsync(SseClient client, params (string, string)[] headers)
    {
        using var taken = await client.PostAsync(Messages.List(99), headers.Length == 0 ? [TestWeb.Bob] : headers);
        Assert.Equal(HttpStatusCode.Accepted, taken.Status);
        Assert.NotNull((await client.NextAsync())["result"]);
    }

    private static async Task<string> FirstLineAsync(Socket socket) => (await ReceivedAsync(socket, "\r\n")).Split("\r\n")[0];

    private static async Task<string> AddressAsync(Socket socket)
    {
        var opening = await ReceivedAsync(socket, "\n\n");
        return opening[(opening.IndexOf("data: ", StringComparison.Ordinal) + 6)..].Split('\n')[0];
    }

    // Byte by byte, so that nothing more is read than was waited for.
    private static async Task<string> ReceivedAsync(Socket socket, string end)
    {
        var read = new System.Text.StringBuilder();
        var one = new byte[1];
        while (!read.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            Assert.Equal(1, await socket.ReceiveAsync(one).WaitAsync(TestWeb.Patience));
            read.Append((char)one[0]);
        }
        return read.ToString();
    }
}
