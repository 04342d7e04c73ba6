using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>Code in the background, and the tools to come back for it, where no queue is.</summary>
public sealed class JobToolTests
{
    private static readonly ServiceSettings WithJobs = new() { Tool = new ToolOptions { JobTools = true } };

    [Fact(Timeout = TestWeb.Limit)]
    public async Task They_are_offered_only_where_they_are_switched_on()
    {
        await using var without = await TestWeb.StartAsync();
        using var list = await without.PostAsync("/mcp", Messages.List());
        Assert.Equal(["code_exec_python"], Names(await list.NextAsync()));
        Assert.Equal(
            "Unknown argument \"background\". The arguments are \"code\" (a string) and \"packages\" (a list of strings, or null). Leave it out.",
            (await CallAsync(without, "code_exec_python", Background())).Text());
        Assert.Equal("Unknown tool \"job_status\". The tool is called \"code_exec_python\".", await UnknownAsync(without, "job_status"));

        await using var with = await TestWeb.StartAsync(settings: WithJobs);
        using var more = await with.PostAsync("/mcp", Messages.List());
        var tools = await more.NextAsync();
        Assert.Equal(["code_exec_python", "job_status", "job_result", "job_cancel"], Names(tools));
        Assert.NotNull(tools["result"]!["tools"]![0]!["inputSchema"]!["properties"]!["background"]);
        Assert.All(tools["result"]!["tools"]!.AsArray(), tool => Assert.Equal(5, tool!["annotations"]!.AsObject().Count));
        Assert.Equal("Unknown tool \"job_end\". The tools are called \"code_exec_python\", \"job_status\", \"job_result\" and \"job_cancel\".", await UnknownAsync(with, "job_end"));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_model_reads_what_they_do_and_that_the_time_limit_holds()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        using var list = await web.PostAsync("/mcp", Messages.List());
        var tools = (await list.NextAsync())["result"]!["tools"]!;
        Assert.Equal(
            "Answer at once with a job_id and run the code in the background, for code that takes longer than you can wait for one answer. The time limit stays the same. Ask job_result for the result.",
            (string)tools[0]!["inputSchema"]!["properties"]!["background"]!["description"]!);
        Assert.Equal("Tells whether code started in the background is queued, running, or how it ended.", (string)tools[1]!["description"]!);
        Assert.Equal("Returns the result of code started in the background, as code_exec_python would have; while it runs, its state.", (string)tools[2]!["description"]!);
        Assert.Equal("Seconds to wait for the end; answers sooner when the code ends sooner.", (string)tools[2]!["inputSchema"]!["properties"]!["wait_seconds"]!["description"]!);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Code_in_the_background_is_answered_with_an_id_that_finds_its_state_and_its_result()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var started = await CallAsync(web, "code_exec_python", Background());
        var id = (string)started["result"]!["structuredContent"]!["job_id"]!;
        Assert.Equal("queued", Status(started));
        var job = await web.Runner.NextAsync();
        Assert.Equal(id, job.Job.Id);
        job.Print("on its way");
        await UntilAsync(async () => Status(await AskAsync(web, "job_status", id)) == "running");
        Assert.Equal("running", Status(await AskAsync(web, "job_result", id)));

        job.Finish("4");
        await UntilAsync(async () => Status(await AskAsync(web, "job_status", id)) == "ok");
        // As often as it likes.
        for (var i = 0; i < 2; i++)
        {
            var result = await AskAsync(web, "job_result", id);
            Assert.Equal(("4", 0), (result.Stdout(), (int)result["result"]!["structuredContent"]!["returncode"]!));
            Assert.True(JsonNode.DeepEquals(result["result"]!["structuredContent"], JsonNode.Parse(result.Text())));
        }
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_result_can_be_waited_for()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var id = await StartAsync(web);
        var waiting = AskAsync(web, "job_result", id, wait: 50);
        var job = await web.Runner.NextAsync();
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(50));
        Assert.False(waiting.IsCompleted);
        job.Finish("4");
        Assert.Equal("4", (await waiting).Stdout());

        var longer = await StartAsync(web);
        var patience = AskAsync(web, "job_result", longer, wait: 7);
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(7));
        web.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("queued", Status(await patience));
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_client_that_leaves_or_stops_waiting_leaves_its_job_running()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var id = await StartAsync(web);
        var job = await web.Runner.NextAsync();
        using (var wait = await web.PostAsync("/mcp", Call("job_result", new JsonObject { ["job_id"] = id, ["wait_seconds"] = 50 })))
            await web.Time.ArmedAsync(TimeSpan.FromSeconds(50));
        Assert.False(job.WasStopped);
        job.Finish("4");
        Assert.Equal("4", (await AskAsync(web, "job_result", id, wait: 1)).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_job_can_be_cancelled()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var id = await StartAsync(web);
        var job = await web.Runner.NextAsync();
        var cancelled = await AskAsync(web, "job_cancel", id);
        Assert.Equal(StopReason.ClientCancelled, await job.Stopped);
        Assert.Equal(("cancelled", -9), (Status(cancelled), (int)cancelled["result"]!["structuredContent"]!["returncode"]!));
        Assert.Equal("cancelled", Status(await AskAsync(web, "job_cancel", id)));
        Assert.Equal("cancelled", Status(await AskAsync(web, "job_result", id)));
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("job_status")]
    [InlineData("job_result")]
    [InlineData("job_cancel")]
    public async Task A_job_of_another_key_is_as_unknown_as_any_other(string tool)
    {
        await using var web = await TestWeb.StartWithKeysAsync(settings: WithJobs);
        var id = await StartAsync(web, ("x-api-key", "key-of-alice"));
        var job = await web.Runner.NextAsync();
        var foreign = await AskAsync(web, tool, id, headers: ("x-api-key", "key-of-bob"));
        var unknown = await AskAsync(web, tool, "0123456789ab", headers: ("x-api-key", "key-of-alice"));
        foreach (var answer in new[] { foreign, unknown }) Assert.True((bool)answer["result"]!["isError"]!);
        Assert.Equal(unknown.Text().Replace("0123456789ab", id, StringComparison.Ordinal), foreign.Text());
        Assert.Contains("kept for 300 s", foreign.Text(), StringComparison.Ordinal);
        Assert.False(job.WasStopped);
        job.Finish("4");
        Assert.Equal("4", (await AskAsync(web, "job_result", id, wait: 1, ("x-api-key", "key-of-alice"))).Stdout());
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_result_is_forgotten_after_its_time()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var id = await StartAsync(web);
        (await web.Runner.NextAsync()).Finish("4");
        Assert.Equal("4", (await AskAsync(web, "job_result", id, wait: 1)).Stdout());
        web.Time.Advance(new QueueOptions().ResultTtl);
        Assert.StartsWith(
            $"There is no job \"{id}\" of yours. A result is kept for 300 s after its job ended (RESULT_TTL_SECONDS), or until later results need its room, and only for the API key",
            (await AskAsync(web, "job_result", id)).Text(), StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_shutdown_gives_jobs_in_the_background_their_time_and_then_stops_them()
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        await StartAsync(web);
        var job = await web.Runner.NextAsync();
        var stop = web.StopAsync();
        await web.Time.ArmedAsync(TimeSpan.FromSeconds(20));
        Assert.False(job.WasStopped);
        web.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(StopReason.ShuttingDown, await job.Stopped);
        await stop.WaitAsync(TestWeb.Patience);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("job_status", """{}""", "\"job_id\" is missing")]
    [InlineData("job_status", """{"job_id":7}""", "\"job_id\" is missing or not a string")]
    [InlineData("job_result", """{"job_id":"codeexec:web:x"}""", "is no job's id")]
    [InlineData("job_result", """{"job_id":"0123456789ab","wait_seconds":51}""", "\"wait_seconds\" is 51; it must be a whole number from 0 to 50")]
    [InlineData("job_result", """{"job_id":"0123456789ab","wait_seconds":"5"}""", "\"wait_seconds\" is \"5\"")]
    [InlineData("job_cancel", """{"job_id":"0123456789ab","wait_seconds":5}""", "Unknown argument \"wait_seconds\". job_cancel takes \"job_id\". Leave it out.")]
    [InlineData("job_result", """{"job_id":"0123456789ab","wait\u0000":5}""", "Unknown argument \"wait?\". job_result takes \"job_id\" and \"wait_seconds\". Leave it out.")]
    [InlineData("code_exec_python", """{"code":"1","wait":5}""", "The arguments are \"code\" (a string), \"packages\" (a list of strings, or null) and \"background\" (true or false). Leave it out.")]
    [InlineData("code_exec_python", """{"code":"1","background":"yes"}""", "\"background\" is a string; it must be true or false")]
    public async Task A_wrong_argument_is_named(string tool, string arguments, string words)
    {
        await using var web = await TestWeb.StartAsync(settings: WithJobs);
        var answer = await CallAsync(web, tool, JsonNode.Parse(arguments)!.AsObject());
        Assert.True((bool)answer["result"]!["isError"]!);
        Assert.Contains(words, answer.Text(), StringComparison.Ordinal);
    }

    private static async Task<string> UnknownAsync(TestWeb web, string tool)
    {
        using var answer = await web.PostAsync("/mcp", Call(tool, new JsonObject { ["job_id"] = "0123456789ab" }));
        var error = (await answer.NextAsync())["error"]!;
        Assert.Equal(-32602, (int)error["code"]!);
        return (string)error["message"]!;
    }

    private static JsonObject Background() => new() { ["code"] = "print(4)", ["background"] = true };

    private static string Call(string tool, JsonObject arguments) => Messages.Request(1, "tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments });

    private static async Task<JsonNode> CallAsync(TestWeb web, string tool, JsonObject arguments, params (string, string)[] headers)
    {
        using var answer = await web.PostAsync("/mcp", Call(tool, arguments), headers);
        return await answer.NextAsync();
    }

    private static async Task<string> StartAsync(TestWeb web, params (string, string)[] headers) =>
        (string)(await CallAsync(web, "code_exec_python", Background(), headers))["result"]!["structuredContent"]!["job_id"]!;

    private static Task<JsonNode> AskAsync(TestWeb web, string tool, string id, int wait = 0, params (string, string)[] headers)
    {
        var arguments = new JsonObject { ["job_id"] = id };
        if (wait > 0) arguments["wait_seconds"] = wait;
        return CallAsync(web, tool, arguments, headers);
    }

    private static string Status(JsonNode answer) => (string)answer["result"]!["structuredContent"]!["status"]!;

    private static IEnumerable<string> Names(JsonNode answer) => answer["result"]!["tools"]!.AsArray().Select(tool => (string)tool!["name"]!);

    private static Task UntilAsync(Func<Task<bool>> holds) => Eventually.HoldsAsync(holds, "the state that was expected");
}
