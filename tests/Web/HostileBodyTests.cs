using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Callers;
using Microsoft.Extensions.DependencyInjection;

namespace CodeExec.Tests.Web;

/// <summary>Bodies that are made to break whoever reads them: each is answered with a reason of the sender's doing, and the next caller is served.</summary>
public sealed class HostileBodyTests
{
    public static TheoryData<string> Broken => new(
        new string('[', 100_000),
        $"{new string('[', 64)}{new string(']', 64)}",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":""" + string.Concat(Enumerable.Repeat("{\"a\":", 5000)) + "1" + new string('}', 5001),
        """{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"code_exec_python"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"1","code":"2"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"a":1,"a":2}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"\u005fmeta":{},"_meta":{}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"a":1,"A":2}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"1","packages":[{"a":1,"A":2}]}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"1"},"_meta":{"arguments":"\ud800"}}}""",
        """{"jsonrpc":"\ud800","id":1,"method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":"\ud800","method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":1,"method":"\ud800"}""",
        """{"jsonrpc":"2.0","id":1,"\ud800":1,"method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"\ud800":1}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":"\ud800"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"\ud800","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}""",
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"\ud800","version":"1"}}}""",
        """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\ud800"}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\ud800"}}""",
        """{"jsonrpc":"2.0","id":99999999999999999999999999,"method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":1e400,"method":"tools/list"}""",
        """{"jsonrpc":"2.0","id":-0,"method":"tools/list","params":{"cursor":1e999}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["code_exec_python"],"arguments":7}}""",
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":7,"capabilities":7,"clientInfo":7}}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":7}}""",
        """{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}""",
        $"[{string.Join(',', Enumerable.Repeat(Messages.Initialized, 101))}]",
        $"[{string.Join(',', Enumerable.Repeat("[]", 100))}]",
        "\ufeff{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\0");

    [Theory(Timeout = TestWeb.Limit)]
    [MemberData(nameof(Broken))]
    public async Task A_broken_body_is_its_senders_fault_on_every_transport(string body)
    {
        await using var web = await TestWeb.StartAsync();
        using var sse = await SseClient.OpenAsync(web);
        foreach (var (path, version) in new[] { ("/mcp", null), ("/mcp", "2025-11-25"), ("/mcp", "2026-07-28"), (sse.Address, null) })
        {
            using var answer = version is null ? await web.PostAsync(path, body) : await web.PostAsync(path, body, ("MCP-Protocol-Version", version));
            Assert.True((int)answer.Status is >= 200 and < 500, $"{path} {version}: {answer.Status}\n{string.Join('\n', web.Logs.Errors)}");
        }
        await ServesAsync(web);
        Assert.Empty(web.Logs.Errors);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/l\u00ffist\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":\"\u00c0\u0080\",\"method\":\"tools/list\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"\u00ed\u00a0\u0080\":1}}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"\u00fe\":1,\"method\":\"tools/list\"}")]
    public async Task Bytes_that_are_no_UTF_8_are_a_parse_error(string latin1)
    {
        await using var web = await TestWeb.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new ByteArrayContent(Encoding.Latin1.GetBytes(latin1)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await web.SendAsync(request);
        Assert.Equal((HttpStatusCode.BadRequest, -32700), (answer.Status, (await answer.ErrorAsync()).Code));
        await ServesAsync(web);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"1","Code":"2"}}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"code":{"a":[{"code":1,"Code":2}]}}}}""")]
    public async Task A_name_that_differs_from_another_by_case_alone_is_refused(string body)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", body);
        var (code, message) = await answer.ErrorAsync();
        Assert.Equal((HttpStatusCode.BadRequest, -32600), (answer.Status, code));
        Assert.Contains("Member \"Code\" stands beside one whose name differs by case alone", message, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"a":{"b":1,"b":2}}}""")]
    public async Task A_member_that_is_named_twice_is_refused(string body)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", body);
        var (code, message) = await answer.ErrorAsync();
        Assert.Equal((HttpStatusCode.BadRequest, -32700), (answer.Status, code));
        Assert.Contains("names a member twice", message, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task What_every_answer_repeats_may_not_be_long()
    {
        await using var web = await TestWeb.StartAsync();
        foreach (var (body, member) in new[]
        {
            (Messages.Call(progressToken: new string('p', 1001)), "params._meta.progressToken"),
            (Messages.List().Replace("\"id\":1", $"\"id\":\"{new string('i', 1001)}\"", StringComparison.Ordinal), "\"id\""),
        })
        {
            using var answer = await web.PostAsync("/mcp", body);
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            Assert.Contains($"{member} has more than 1000 characters", (await answer.ErrorAsync()).Message, StringComparison.Ordinal);
        }
        await ServesAsync(web);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_clients_name_of_a_megabyte_does_not_travel_with_its_jobs()
    {
        await using var web = await TestWeb.StartAsync();
        using var sse = await SseClient.OpenAsync(web);
        using var hello = await sse.PostAsync(Messages.Initialize().Replace("\"tests\"", $"\"{new string('n', 1024 * 1024)}\"", StringComparison.Ordinal));
        await sse.NextAsync();
        using var call = await sse.PostAsync(Messages.Call(2));
        Assert.Equal(new string('n', 100), (await web.Runner.NextAsync()).Job.ClientName);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_length_that_is_declared_and_never_sent_takes_no_memory()
    {
        await using var web = await TestWeb.StartAsync();
        var total = GC.GetTotalAllocatedBytes();
        var sockets = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 50; i++) sockets.Add(await RawRequest.OpenAsync(web.Address, Post("Content-Length: 8000000") + "{"));
        await ServesAsync(web);
        Assert.True(GC.GetTotalAllocatedBytes() - total < 100_000_000, $"{GC.GetTotalAllocatedBytes() - total} bytes were allocated for 50 bodies of 8 MB that never came");
        foreach (var socket in sockets) socket.Dispose();
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Bodies_that_are_never_finished_take_one_keys_half_of_the_memory_and_no_more()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { MaxRequestBytes = 64 * 1024 });
        var memory = web.Services.GetRequiredService<RequestMemory>();
        var sockets = new List<System.Net.Sockets.Socket>();
        // Four bodies of the greatest size are one key's half.
        for (var i = 0; i < 4; i++) sockets.Add(await RawRequest.OpenAsync(web.Address, Post($"x-api-key: key-of-alice\nContent-Length: {64 * 1024}") + "{" + new string(' ', (64 * 1024) - 2)));
        await Eventually.HoldsAsync(() => memory.Held == 4 * ((64 * 1024) - 1), "four bodies in memory");
        using var refused = await web.PostAsync("/mcp", Messages.Call(), TestWeb.Alice);
        Assert.Equal((HttpStatusCode.TooManyRequests, "5"), (refused.Status, refused.Header("Retry-After")));
        Assert.Contains("524288 of all callers together (8 times MAX_REQUEST_BYTES), 262144 of one", (await refused.ErrorAsync()).Message, StringComparison.Ordinal);
        await ServesAsync(web, TestWeb.Bob);

        foreach (var socket in sockets) socket.Dispose();
        await Eventually.HoldsAsync(() => memory.Held == 0, "an end of what was held");
        await ServesAsync(web, TestWeb.Alice);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_body_that_takes_too_long_is_told_so()
    {
        await using var web = await TestWeb.StartAsync();
        using var socket = await RawRequest.OpenAsync(web.Address, Post("Content-Length: 100\nConnection: close") + "{");
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(120));
        var memory = web.Services.GetRequiredService<RequestMemory>();
        await Eventually.HoldsAsync(() => memory.Held == 1, "the first byte");
        web.Time.Advance(TimeSpan.FromSeconds(120));
        var answer = await RawRequest.RestAsync(socket);
        Assert.StartsWith("HTTP/1.1 408", answer, StringComparison.Ordinal);
        Assert.Contains("1 bytes came within 120 s", answer, StringComparison.Ordinal);
        await ServesAsync(web);
        await Eventually.HoldsAsync(() => memory.Held == 0, "an end of both requests");
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task What_a_request_over_sse_holds_is_held_until_its_answer_and_no_longer()
    {
        await using var web = await TestWeb.StartAsync();
        var memory = web.Services.GetRequiredService<RequestMemory>();
        using (var sse = await SseClient.OpenAsync(web))
        {
            using var taken = await sse.PostAsync(Messages.Call(1));
            var job = await web.Runner.NextAsync();
            Assert.Equal(Messages.Call(1).Length, memory.Held);
            job.Finish("done");
            await sse.NextAsync();
            await Eventually.HoldsAsync(() => memory.Held == 0, "an answered request that holds nothing");
            using var left = await sse.PostAsync(Messages.Call(2));
            await web.Runner.NextAsync();
        }
        await Eventually.HoldsAsync(() => memory.Held == 0, "an ended session that holds nothing");
    }

    private static string Post(string headers) => $"POST /mcp HTTP/1.1\nHost: localhost\nContent-Type: application/json\n{headers}\n\n";

    private static async Task ServesAsync(TestWeb web, params (string, string)[] headers)
    {
        using var answer = await web.PostAsync("/mcp", Messages.List(), headers);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.NotNull((await answer.NextAsync())["result"]);
    }
}
