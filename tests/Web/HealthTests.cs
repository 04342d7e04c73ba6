using System.Net;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Tests.Web.Support;
using CodeExec.Web.Health;

namespace CodeExec.Tests.Web;

public sealed class HealthTests
{
    [Fact(Timeout = TestWeb.Limit)]
    public async Task Health_says_how_busy_the_service_is()
    {
        await using var web = await TestWeb.StartAsync(load: () => new ServiceLoad { Running = 3, Waiting = 2, Slots = 4 });
        using var answer = await web.SendAsync(HttpMethod.Get, "/health");
        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.Status, answer.ContentType));
        Assert.Equal($$"""{"status":"ok","version":"{{ServerDefinition.Version}}","mode":"embedded","running":3,"waiting":2,"slots":4}""", await answer.TextAsync());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Who_asks_with_a_key_is_told_what_each_key_has_of_the_service()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, new ServiceSettings { Execution = new ExecutionOptions { QueueLimit = 1 } });
        using var running = await web.PostAsync("/mcp", Messages.Call(1), TestWeb.Alice);
        var job = await web.Runner.NextAsync();
        using var waiting = await web.PostAsync("/mcp", Messages.Call(2), TestWeb.Alice);
        await web.Time.ArmedAsync(new ExecutionOptions().QueueTimeout);
        using var refused = await web.PostAsync("/mcp", Messages.Call(3), TestWeb.Alice);
        await refused.NextAsync();

        using var answer = await web.SendAsync(HttpMethod.Get, "/health", ("Authorization", "Bearer key-of-bob"));
        Assert.Equal("""{"alice":{"running":1,"waiting":1,"refused":1},"bob":{"running":0,"waiting":0,"refused":0}}""", (await answer.JsonAsync())["callers"]!.ToJsonString());
        job.Finish("done");
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("x-unknown", "key-of-alice")]
    [InlineData("x-api-key", "guessed-key")]
    [InlineData("Authorization", "Basic key-of-alice")]
    public async Task Without_a_key_that_is_known_health_names_no_key(string header, string value)
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.SendAsync(HttpMethod.Get, "/health", (header, value));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.DoesNotContain("alice", await answer.TextAsync(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_front_page_names_the_addresses()
    {
        await using var web = await TestWeb.StartAsync();
        using var answer = await web.SendAsync(HttpMethod.Get, "/");
        Assert.Equal("text/plain", answer.ContentType);
        var text = await answer.TextAsync();
        foreach (var address in new[] { "/mcp", "/sse", "/health" }) Assert.Contains(address, text, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Other_paths_are_answered_with_404_without_asking_for_a_key()
    {
        await using var web = await TestWeb.StartWithKeysAsync();
        using var answer = await web.SendAsync(HttpMethod.Get, "/.well-known/oauth-protected-resource");
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_failure_of_ours_is_answered_with_a_reference_and_nothing_else()
    {
        await using var web = await TestWeb.StartAsync(load: () => throw new InvalidOperationException("the inner workings"));
        using var answer = await web.SendAsync(HttpMethod.Get, "/health");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        var (code, message) = await answer.ErrorAsync();
        Assert.Equal(-32603, code);
        Assert.Matches("^The service failed; quote reference [0-9a-f]{12}\\.", message);
        Assert.DoesNotContain("inner workings", message, StringComparison.Ordinal);
    }
}
