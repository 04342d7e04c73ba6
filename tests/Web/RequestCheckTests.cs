using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>What every POST is held to, whatever its revision.</summary>
public sealed class RequestCheckTests
{
    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("/mcp")]
    [InlineData("/mcp/")]
    public async Task A_trailing_slash_changes_nothing(string path)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync(path, Messages.List());
        Assert.Equal("code_exec_python", (string)(await answer.NextAsync())["result"]!["tools"]![0]!["name"]!);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    [InlineData("text/html, application/json")]
    public async Task A_post_must_accept_both_kinds_of_answer(string accept)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(id: 7), ("Accept", accept));
        Assert.Equal(HttpStatusCode.NotAcceptable, answer.Status);
        var body = await answer.JsonAsync();
        Assert.Equal(-32000, (int)body["error"]!["code"]!);
        Assert.Equal(7, (int)body["id"]!);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("*/*")]
    [InlineData("application/*, text/event-stream;q=0.5")]
    [InlineData("application/json;q=0.9, text/event-stream")]
    public async Task Wildcards_and_preferences_are_understood(string accept)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("Accept", accept));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("GET")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public async Task Other_methods_than_post_are_answered_with_405(string method)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.SendAsync(new HttpMethod(method), "/mcp");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
        Assert.Equal("POST", answer.Header("Allow"));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_sse_stream_must_be_acceptable()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.SendAsync(HttpMethod.Get, "/sse", ("Accept", "application/json"));
        Assert.Equal(HttpStatusCode.NotAcceptable, answer.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("hello")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping"} trailing""")]
    public async Task A_body_that_is_no_json_is_a_parse_error(string body)
    {
        await using var web = await TestWeb.StartAsync();
        foreach (var path in new[] { "/mcp", "/message?sessionId=1" })
        {
            using var answer = await web.PostAsync(path, body);
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            var json = await answer.JsonAsync();
            Assert.Equal(-32700, (int)json["error"]!["code"]!);
            Assert.Null(json["id"]);
        }
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("\"ping\"")]
    [InlineData("{}")]
    [InlineData("""{"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"1.0","id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":2.0,"id":1,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":null,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1.5,"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":{},"method":"ping"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":17}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":"broken"}""")]
    public async Task Json_that_is_no_message_is_an_invalid_request(string body)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(-32600, (await answer.ErrorAsync()).Code);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_body_that_is_not_declared_as_json_is_refused_with_415()
    {
        await using var web = await TestWeb.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(Messages.List()) };
        using var answer = await web.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Contains("text/plain", (await answer.ErrorAsync()).Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_above_the_limit_is_refused_with_413(bool chunked)
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { MaxRequestBytes = 2048 });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(Messages.Call(code: new string('#', 3000)), mediaType: new("application/json")) };
        request.Headers.TransferEncodingChunked = chunked;
        using var answer = await web.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        var (code, message) = await answer.ErrorAsync();
        Assert.Equal(-32600, code);
        Assert.Contains("the limit is 2048 (MAX_REQUEST_BYTES)", message, StringComparison.Ordinal);
        Assert.Equal(chunked, !message.Contains("3116 bytes", StringComparison.Ordinal) && message.Contains("more than 2048 bytes", StringComparison.Ordinal));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_body_far_above_the_limit_still_gets_its_answer()
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { MaxRequestBytes = 2048 });
        using var answer = await web.PostAsync("/mcp", Messages.Call(code: new string('#', 8 * 1024 * 1024)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_without_a_tool_name_is_told_so()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Request(3, "tools/call", []));
        var error = (await answer.NextAsync())["error"]!;
        Assert.Equal(-32602, (int)error["code"]!);
        Assert.Contains("code_exec_python", (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_method_that_does_not_exist_is_answered_with_method_not_found()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Request(3, "tools/invent"));
        Assert.Equal(-32601, (int)(await answer.NextAsync())["error"]!["code"]!);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData(Messages.Initialized)]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/nobody_knows"}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{}}""")]
    public async Task What_wants_no_answer_gets_202_and_nothing_else(string body)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", body);
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Null(answer.ContentType);
        Assert.Empty(await answer.TextAsync());
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("2024-11-05")]
    [InlineData("2025-03-26")]
    [InlineData("2025-06-18")]
    [InlineData("2025-11-25")]
    public async Task Every_revision_with_a_handshake_is_spoken(string version)
    {
        await using var web = await TestWeb.StartAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(version));
        Assert.Equal(version, (string)(await hello.NextAsync())["result"]!["protocolVersion"]!);
        using var tools = await web.PostAsync("/mcp", Messages.List(), ("MCP-Protocol-Version", version));
        Assert.Equal(HttpStatusCode.OK, tools.Status);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("1999-01-01")]
    [InlineData("latest")]
    public async Task An_unknown_revision_is_refused_with_those_to_use(string version)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(), ("MCP-Protocol-Version", version));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        var error = (await answer.JsonAsync())["error"]!;
        Assert.Equal(-32022, (int)error["code"]!);
        Assert.Equal(version, (string)error["data"]!["requested"]!);
        Assert.Equal("2026-07-28", (string)error["data"]!["supported"]!.AsArray().Single()!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Initialize_must_ask_for_the_revision_that_its_header_names()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Initialize("2025-06-18"), ("MCP-Protocol-Version", "2025-11-25"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(-32020, (await answer.ErrorAsync()).Code);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Answers_reach_their_client_unbuffered_and_name_no_server()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List());
        Assert.Equal("text/event-stream", answer.ContentType);
        Assert.Contains("no-cache", answer.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal("identity", answer.Header("Content-Encoding"));
        Assert.Equal("no", answer.Header("X-Accel-Buffering"));
        Assert.Null(answer.Header("Server"));
    }
}
