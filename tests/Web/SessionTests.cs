using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Mcp;
using ModelContextProtocol.Protocol;

namespace CodeExec.Tests.Web;

/// <summary>Sessions of Streamable HTTP.</summary>
public sealed class SessionTests
{
    private static readonly WebOptions TwoKeys = new() { ApiKeys = [new ApiKey("alice", "key-of-alice"), new ApiKey("bob", "key-of-bob")] };

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Initialize_is_answered_with_a_session_id_that_later_requests_may_carry()
    {
        await using var web = await TestWeb.StartAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize());
        var session = hello.Header("Mcp-Session-Id")!;
        Assert.Equal(43, session.Length);
        using var tools = await web.PostAsync("/mcp", Messages.List(), ("Mcp-Session-Id", session));
        Assert.Equal(HttpStatusCode.OK, tools.Status);
        Assert.Null(tools.Header("Mcp-Session-Id"));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("never-given-out")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    public async Task A_session_id_that_is_not_ours_is_answered_with_404(string session)
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.List(id: 5), ("Mcp-Session-Id", session));
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        var body = await answer.JsonAsync();
        Assert.Equal((-32001, 5), ((int)body["error"]!["code"]!, (int)body["id"]!));
        Assert.StartsWith("Session not found", (string)body["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_session_of_another_key_is_as_unknown_as_any_other()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(), ("x-api-key", "key-of-alice"));
        var session = hello.Header("Mcp-Session-Id")!;
        using var own = await web.PostAsync("/mcp", Messages.List(), ("x-api-key", "key-of-alice"), ("Mcp-Session-Id", session));
        Assert.Equal(HttpStatusCode.OK, own.Status);
        using var other = await web.PostAsync("/mcp", Messages.List(), ("x-api-key", "key-of-bob"), ("Mcp-Session-Id", session));
        Assert.Equal((HttpStatusCode.NotFound, -32001), (other.Status, (await other.ErrorAsync()).Code));
    }

    [Fact]
    public void Every_web_process_with_the_same_keys_knows_an_id()
    {
        var id = new SessionIds(TwoKeys).Create("alice");
        Assert.True(new SessionIds(TwoKeys).IsFor("alice", id));
        Assert.False(new SessionIds(TwoKeys).IsFor("bob", id));
        Assert.False(new SessionIds(new WebOptions { ApiKeys = [new ApiKey("alice", "another-key")] }).IsFor("alice", id));
        Assert.False(new SessionIds(new WebOptions()).IsFor("alice", id));
    }

    [Fact]
    public void Changing_one_key_leaves_the_sessions_of_the_others_alone()
    {
        var id = new SessionIds(TwoKeys).Create("alice");
        Assert.True(new SessionIds(TwoKeys with { ApiKeys = [TwoKeys.ApiKeys[0]] }).IsFor("alice", id));
    }

    [Fact]
    public void Two_ids_are_never_the_same()
    {
        var ids = new SessionIds(TwoKeys);
        Assert.False(ids.Create("alice") == ids.Create("alice"));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_log_level_of_a_session_holds_for_its_later_calls_alone()
    {
        await using var web = await TestWeb.StartAsync();
        using var hello = await web.PostAsync("/mcp", Messages.Initialize());
        var session = ("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!);
        using var set = await web.PostAsync("/mcp", Messages.SetLevel("warning"), session);
        Assert.NotNull((await set.NextAsync())["result"]);

        using var call = await web.PostAsync("/mcp", Messages.Call(), session);
        using var stranger = await web.PostAsync("/mcp", Messages.Call(2));
        foreach (var _ in new[] { call, stranger })
        {
            var job = await web.Runner.NextAsync();
            job.Print("below the level");
            job.Print("careful", CodeExec.Shared.Jobs.OutputStream.Stderr);
            job.Finish("done");
        }
        var warning = await call.NextAsync();
        Assert.Equal(("notifications/message", "warning", "careful"), ((string)warning["method"]!, (string)warning["params"]!["level"]!, (string)warning["params"]!["data"]!));
        Assert.Equal("done", (await call.NextAsync()).Stdout());
        Assert.Equal("done", (await stranger.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task An_unknown_log_level_is_answered_with_the_known_ones()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.PostAsync("/mcp", Messages.SetLevel("loud"));
        var error = (await answer.NextAsync())["error"]!;
        Assert.Equal(-32602, (int)error["code"]!);
        Assert.Contains("emergency", (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_too_many_log_levels_the_oldest_is_forgotten()
    {
        var levels = new SessionLogLevels(most: 2);
        levels.Set("a", LoggingLevel.Info);
        levels.Set("b", LoggingLevel.Info);
        levels.Set("b", LoggingLevel.Error);
        levels.Set("c", LoggingLevel.Debug);
        Assert.Equal((null, LoggingLevel.Error, LoggingLevel.Debug), (levels.Find("a"), levels.Find("b"), levels.Find("c")));
    }
}
