using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>What one key may have of the service, and that it is never the others' share.</summary>
public sealed class CallerLimitTests
{
    private static readonly ServiceSettings TwoWait = new() { Execution = new ExecutionOptions { QueueLimit = 4, QueueTimeout = TimeSpan.FromSeconds(60) } };

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_thousand_calls_of_one_key_leave_another_key_served()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(4, 0) });
        var flood = Enumerable.Range(1, 1000).Select(id => web.PostAsync("/mcp", Messages.Call(id), TestWeb.Alice)).ToList();
        var answers = await Task.WhenAll(flood);
        var running = new List<ScriptedJob>();
        for (var i = 0; i < 4; i++) running.Add(await web.Runner.NextAsync());

        using var call = await web.PostAsync("/mcp", Messages.Call(1, "print('bob')"), TestWeb.Bob);
        var job = await web.Runner.NextAsync();
        Assert.Equal("print('bob')", job.Job.Code);
        job.Finish("served");
        Assert.Equal("served", (await call.NextAsync()).Stdout());

        // 4 run and 50 wait, half of what may wait; everything else was refused, and never reached what both keys share.
        foreach (var first in running) first.Finish("ran");
        for (var i = 0; i < 50; i++) (await web.Runner.NextAsync()).Finish("ran");
        var texts = await Task.WhenAll(answers.Select(async answer => (await answer.NextAsync()).Text()));
        Assert.Equal(54, texts.Count(text => text.Contains("\"ran\"", StringComparison.Ordinal)));
        Assert.Equal(946, texts.Count(text => text == "The service is busy: 4 calls of API key \"alice\" run (MAX_CALLS_PER_KEY, KEY_LIMITS) and 50 wait, which is the limit. Call again in a few seconds."));
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task The_same_holds_over_sse()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, TwoWait);
        using var alice = await SseClient.OpenAsync(web, TestWeb.Alice);
        using var bob = await SseClient.OpenAsync(web, TestWeb.Bob);
        for (var id = 1; id <= 10; id++) (await alice.PostAsync(Messages.Call(id), TestWeb.Alice)).Dispose();
        var refused = new List<string>();
        for (var i = 0; i < 7; i++) refused.Add((await alice.NextAsync()).Text());
        Assert.All(refused, text => Assert.StartsWith("The service is busy: 1 calls of API key \"alice\" run", text, StringComparison.Ordinal));
        var first = await web.Runner.NextAsync();

        using var taken = await bob.PostAsync(Messages.Call(1, "print('bob')"), TestWeb.Bob);
        Assert.Equal("print('bob')", (await web.Runner.NextAsync()).Job.Code);
        first.Finish("first");
        Assert.Equal("first", (await alice.NextAsync()).Stdout());
        (await web.Runner.NextAsync()).Finish("second");
        Assert.Equal("second", (await alice.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Questions_for_background_jobs_count_to_the_rate()
    {
        await using var web = await TestWeb.StartWithKeysAsync(
            options => options with { EachKey = new CallerLimits(1, 2) }, new() { Tool = new ToolOptions { JobTools = true } });
        const string Question = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"job_result","arguments":{"job_id":"0123456789ab"}}}""";
        foreach (var expected in new[] { "There is no job", "There is no job", "takes 2 calls a minute" })
        {
            using var asked = await web.PostAsync("/mcp", Question, TestWeb.Alice);
            Assert.Contains(expected, (await asked.NextAsync()).Text(), StringComparison.Ordinal);
        }
        using var other = await web.PostAsync("/mcp", Question, TestWeb.Bob);
        Assert.Contains("There is no job", (await other.NextAsync()).Text(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_waits_for_its_turn_says_how_long_it_waited()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, TwoWait);
        using var first = await web.PostAsync("/mcp", Messages.Call(1), TestWeb.Alice);
        var running = await web.Runner.NextAsync();
        using var second = await web.PostAsync("/mcp", Messages.Call(2), TestWeb.Alice);
        await web.Time.ArmedAsync(TwoWait.Execution.QueueTimeout);
        web.Time.Advance(TimeSpan.FromSeconds(7));
        running.Finish("first");
        (await web.Runner.NextAsync()).Finish("second");
        Assert.Equal(7000, (int)(await second.NextAsync())["result"]!["structuredContent"]!["queue_ms"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_waits_for_its_turn_no_longer_than_for_a_slot()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, TwoWait);
        using var first = await web.PostAsync("/mcp", Messages.Call(1), TestWeb.Alice);
        var running = await web.Runner.NextAsync();
        using var second = await web.PostAsync("/mcp", Messages.Call(2), TestWeb.Alice);
        await web.Time.ArmedAsync(TwoWait.Execution.QueueTimeout);
        web.Time.Advance(TwoWait.Execution.QueueTimeout);
        Assert.StartsWith("The service is busy: this call waited 60 s for one of the 1 calls that API key \"alice\" may run at once", (await second.NextAsync()).Text(), StringComparison.Ordinal);
        running.Finish("first");
        Assert.Equal("first", (await first.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_is_cancelled_while_it_waits_gives_its_place_up()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, TwoWait);
        using var hello = await web.PostAsync("/mcp", Messages.Initialize(), TestWeb.Alice);
        var session = ("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!);
        using var first = await web.PostAsync("/mcp", Messages.Call(1), TestWeb.Alice, session);
        var running = await web.Runner.NextAsync();
        using var second = await web.PostAsync("/mcp", Messages.Call(2), TestWeb.Alice, session);
        await web.Time.ArmedAsync(TwoWait.Execution.QueueTimeout);
        using var cancel = await web.PostAsync("/mcp", Messages.Cancelled(2), TestWeb.Alice, session);
        Assert.Contains("\"cancelled\"", (await second.NextAsync()).Text(), StringComparison.Ordinal);

        using var third = await web.PostAsync("/mcp", Messages.Call(3, "print('third')"), TestWeb.Alice, session);
        running.Finish("first");
        var next = await web.Runner.NextAsync();
        Assert.Equal("print('third')", next.Job.Code);
        next.Finish("third");
        Assert.Equal("third", (await third.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Calls_above_the_rate_are_told_when_to_come_again()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { KeyLimits = Limits(("alice", new CallerLimits(10, 3))) });
        web.Runner.Prints = "ran";
        for (var i = 0; i < 3; i++) Assert.Equal("ran", await StdoutAsync(web, TestWeb.Alice));
        using var refused = await web.PostAsync("/mcp", Messages.Call(), TestWeb.Alice);
        var answer = await refused.NextAsync();
        Assert.True((bool)answer["result"]!["isError"]!);
        Assert.Equal("The service takes 3 calls a minute from API key \"alice\" (MAX_CALLS_PER_MINUTE, KEY_LIMITS), and they are used up. Call again in 20 s.", answer.Text());
        for (var i = 0; i < 10; i++) Assert.Equal("ran", await StdoutAsync(web, TestWeb.Bob));

        web.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("ran", await StdoutAsync(web, TestWeb.Alice));
        using var again = await web.PostAsync("/mcp", Messages.Call(), TestWeb.Alice);
        Assert.Contains("used up", (await again.NextAsync()).Text(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_long_rest_saves_up_no_more_than_a_minutes_calls()
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { EachKey = new CallerLimits(10, 2) });
        web.Runner.Prints = "ran";
        web.Time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < 2; i++) Assert.Equal("ran", await StdoutAsync(web));
        using var refused = await web.PostAsync("/mcp", Messages.Call());
        Assert.Contains("2 calls a minute from callers without a key", (await refused.NextAsync()).Text(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_call_that_its_client_left_gives_its_turn_back()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { EachKey = new CallerLimits(1, 0) }, TwoWait);
        var first = await web.PostAsync("/mcp", Messages.Call(1), TestWeb.Alice);
        var running = await web.Runner.NextAsync();
        using var second = await web.PostAsync("/mcp", Messages.Call(2), TestWeb.Alice);
        first.Dispose();
        Assert.Equal(StopReason.ClientGone, await running.Stopped);
        (await web.Runner.NextAsync()).Finish("second");
        Assert.Equal("second", (await second.NextAsync()).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task One_key_takes_no_more_than_half_of_the_sse_sessions()
    {
        await using var web = await TestWeb.StartWithKeysAsync(options => options with { MaxSseSessions = 4 });
        using var first = await SseClient.OpenAsync(web, TestWeb.Alice);
        using var second = await SseClient.OpenAsync(web, TestWeb.Alice);
        using var third = await web.SendAsync(HttpMethod.Get, "/sse", TestWeb.Alice);
        Assert.Equal((System.Net.HttpStatusCode.TooManyRequests, "10"), (third.Status, third.Header("Retry-After")));
        Assert.Contains("2 SSE sessions of API key \"alice\" are open; the limit is 2", (await third.ErrorAsync()).Message, StringComparison.Ordinal);
        using var other = await SseClient.OpenAsync(web, TestWeb.Bob);
        using var another = await SseClient.OpenAsync(web, TestWeb.Bob);
    }

    private static Dictionary<string, CallerLimits> Limits(params (string Name, CallerLimits Limits)[] limits) => limits.ToDictionary(one => one.Name, one => one.Limits, StringComparer.Ordinal);

    private static async Task<string> StdoutAsync(TestWeb web, params (string, string)[] headers)
    {
        using var answer = await web.PostAsync("/mcp", Messages.Call(), headers);
        return (await answer.NextAsync()).Stdout();
    }
}
