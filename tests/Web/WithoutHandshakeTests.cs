using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>Revision 2026-07-28: no handshake, no session, and headers that repeat the body.</summary>
public sealed class WithoutHandshakeTests
{
    private const string Version = "io.modelcontextprotocol/protocolVersion";
    private const string Capabilities = "io.modelcontextprotocol/clientCapabilities";

    private static readonly (string, string)[] CallHeaders = Messages.ModernHeaders("tools/call", "code_exec_python");

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_needs_no_handshake()
    {
        await using var web = await TestWeb.StartAsync();
        web.Runner.Prints = "4";
        using var answer = await web.PostAsync("/mcp", Messages.ModernCall(), CallHeaders);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
        Assert.Null(answer.Header("Mcp-Session-Id"));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Discovery_names_the_revision_that_errors_advertise()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Modern("server/discover"), Messages.ModernHeaders("server/discover"));
        Assert.Equal("2026-07-28", (string)(await answer.NextAsync())["result"]!["supportedVersions"]!.AsArray().Single()!);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData(Version)]
    [InlineData(Capabilities)]
    public async Task What_the_handshake_used_to_agree_on_must_be_in_every_request(string member)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.ModernCall(meta => meta.Remove(member)), CallHeaders);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        var (code, message) = await answer.ErrorAsync();
        Assert.Equal(-32602, code);
        Assert.Contains(member, message, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Capabilities_must_be_an_object()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.ModernCall(meta => meta[Capabilities] = "all"), CallHeaders);
        Assert.Equal(-32602, (await answer.ErrorAsync()).Code);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Header_and_body_must_name_the_same_revision()
    {
        await using var web = await TestWeb.StartAsync();
        using var other = await web.PostAsync("/mcp", Messages.ModernCall(meta => meta[Version] = "2025-06-18"), CallHeaders);
        Assert.Equal((HttpStatusCode.BadRequest, -32020), (other.Status, (await other.ErrorAsync()).Code));
        using var absent = await web.PostAsync("/mcp", Messages.ModernCall(), [.. CallHeaders.Skip(1)]);
        Assert.Equal((HttpStatusCode.BadRequest, -32020), (absent.Status, (await absent.ErrorAsync()).Code));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("Mcp-Method", null)]
    [InlineData("Mcp-Method", "tools/list")]
    [InlineData("Mcp-Name", null)]
    [InlineData("Mcp-Name", "code_exec_ruby")]
    [InlineData("Mcp-Name", "=?base64?????=")]
    public async Task Header_and_body_must_name_the_same_method_and_tool(string header, string? value)
    {
        await using var web = await TestWeb.StartAsync();
        var headers = CallHeaders.Where(pair => pair.Item1 != header).ToList();
        if (value is not null) headers.Add((header, value));
        using var answer = await web.PostAsync("/mcp", Messages.ModernCall(), [.. headers]);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        var body = await answer.JsonAsync();
        Assert.Equal(-32020, (int)body["error"]!["code"]!);
        Assert.Equal(1, (int)body["id"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_name_may_come_as_base64()
    {
        await using var web = await TestWeb.StartAsync();
        web.Runner.Prints = "4";
        var encoded = $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes("code_exec_python"))}?=";
        using var answer = await web.PostAsync("/mcp", Messages.ModernCall(), Messages.ModernHeaders("tools/call", encoded));
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_without_a_tool_name_is_told_so()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Modern("tools/call"), CallHeaders);
        Assert.Equal((HttpStatusCode.BadRequest, -32602), (answer.Status, (await answer.ErrorAsync()).Code));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("initialize")]
    [InlineData("ping")]
    [InlineData("logging/setLevel")]
    [InlineData("resources/subscribe")]
    [InlineData("resources/unsubscribe")]
    [InlineData("tools/invent")]
    public async Task Methods_that_the_revision_lacks_are_answered_with_404(string method)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Modern(method), Messages.ModernHeaders(method));
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Contains("-32601", await answer.TextAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_session_id_means_nothing_any_more()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.Modern("tools/list"), [.. Messages.ModernHeaders("tools/list"), ("Mcp-Session-Id", "from-long-ago")]);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_log_level_comes_with_the_call()
    {
        await using var web = await TestWeb.StartAsync();
        var call = web.PostAsync("/mcp", Messages.ModernCall(meta => meta["io.modelcontextprotocol/logLevel"] = "info"), CallHeaders);
        var job = await web.Runner.NextAsync();
        job.Print("one");
        job.Finish("one");
        using var answer = await call;
        Assert.Equal("one", (string)(await answer.NextAsync())["params"]!["data"]!);
        Assert.Equal("one", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_silent_call_is_not_kept_waiting_for_its_first_byte()
    {
        await using var web = await TestWeb.StartAsync();
        var call = web.PostAsync("/mcp", Messages.ModernCall(), CallHeaders);
        var job = await web.Runner.NextAsync();
        web.Time.Advance(TimeSpan.FromMilliseconds(250));
        using var answer = await call;
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("keepalive", await (await answer.EventsAsync()).NextCommentAsync());
        job.Finish("4");
        Assert.Equal("4", (await answer.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_notification_gets_202()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/cancelled", ["params"] = new JsonObject { ["requestId"] = 1 } }.ToJsonString(), ("MCP-Protocol-Version", "2026-07-28"));
        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
    }
}
