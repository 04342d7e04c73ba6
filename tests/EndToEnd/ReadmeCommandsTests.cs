using System.Text.Json;
using CodeExec.Tests.Support;
using CodeExec.Tests.Support.Heroku;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The commands that users of the reference app know, run as README.md has them.</summary>
public sealed class ReadmeCommandsTests : IAsyncLifetime, IDisposable
{
    private const string Key = "first:key-one,second:key-two";
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Local_stdio_example_client()
    {
        await using var heroku = App();
        AssertListsTheTool(await heroku.TypeAsync(ReadmeBlock.Under("Local STDIO, example client", 1)));
        AssertFiftyNumbers(await heroku.TypeAsync(ReadmeBlock.Under("Local STDIO, example client", 2)));
    }

    [Theory]
    [InlineData("bin/codeexec stdio")]
    [InlineData("Procfile")]
    public async Task Local_stdio_direct_calls_get_both_answers_in_order(string server)
    {
        await using var heroku = App();
        var heredoc = ReadmeBlock.Under("Local STDIO, direct calls", 1);
        if (server is "Procfile") heredoc = heredoc.Replace("bin/codeexec stdio", Checkout.ProcfileLine("mcp-python"), StringComparison.Ordinal);
        AssertHeredocAnswers(await heroku.TypeAsync(heredoc));
    }

    [Fact]
    public async Task Local_sse()
    {
        await using var heroku = App();
        await heroku.TypeAsync($"heroku config:set API_KEY={Key} -a $APP_NAME");
        var shell = heroku.Shell.With("PORT", $"{FreePort.Find()}");
        await using var server = RunningProgram.StartShell(ReadmeBlock.Under("Local SSE", 1), shell);
        // Whoever tries it out shares it with nobody.
        Assert.Contains("listens on http://127.0.0.1:", await server.Stdout.HasAsync("mode "), StringComparison.Ordinal);

        var export = ReadmeBlock.Under("Local SSE", 2);
        AssertListsTheTool(await RunAsync($"{export}\n{ReadmeBlock.Under("Local SSE", 3)}", shell));
        AssertFiftyNumbers(await RunAsync($"{export}\n{ReadmeBlock.Under("Local SSE", 4)}", shell));
        AssertListsTheTool(await RunAsync($"{export}\n{ReadmeBlock.Under("Local SSE", 3).Replace("sse", "http", StringComparison.Ordinal)}", shell));
    }

    [Fact]
    public async Task Remote_sse_with_web_scaled_up_and_down()
    {
        await using var heroku = App();
        await heroku.TypeAsync($"heroku config:set API_KEY={Key} -a $APP_NAME", ReadmeBlock.Under("Remote SSE", 1));
        var export = ReadmeBlock.Under("Remote SSE", 2);
        AssertListsTheTool(await heroku.TypeAsync(export, ReadmeBlock.Under("Local SSE", 3)));
        AssertFiftyNumbers(await heroku.TypeAsync(export, ReadmeBlock.Under("Local SSE", 4)));
        // Without --transport MCP_SERVER_URL alone decides, as in the reference app.
        AssertListsTheTool(await heroku.TypeAsync(export, ReadmeBlock.Under("Local STDIO, example client", 1)));
        AssertFiftyNumbers(await heroku.TypeAsync(export, ReadmeBlock.Under("Local STDIO, example client", 2)));
        Assert.Equal("web.1: up\n", await heroku.TypeAsync("heroku ps -a $APP_NAME"));

        await heroku.TypeAsync(ReadmeBlock.Under("Remote SSE", 3));
        Assert.Equal("\n", await heroku.TypeAsync("heroku ps -a $APP_NAME"));
    }

    [Fact]
    public async Task After_the_button_there_is_a_key_and_a_url_that_answers()
    {
        await using var heroku = App();
        await heroku.TypeAsync($"heroku config:set API_KEY={Key} -a $APP_NAME");
        var printed = (await heroku.TypeAsync(ReadmeBlock.Under("Deploy on Heroku", 1))).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((2, Key), (printed.Length, printed[0]));
        foreach (var path in new[] { "mcp", "sse" })
            AssertListsTheTool(await heroku.TypeAsync($"API_KEY={printed[0]} bin/codeexec mcp list_tools --url {printed[1]}{path}"));
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task In_stdio_only_mode_the_tool_is_neither_listed_nor_callable_over_http(string transport)
    {
        await using var heroku = App();
        await heroku.TypeAsync($"heroku config:set API_KEY={Key} STDIO_MODE_ONLY=true -a $APP_NAME", ReadmeBlock.Under("Remote SSE", 1));
        var export = ReadmeBlock.Under("Remote SSE", 2);
        Assert.Equal(0, Parse(await heroku.TypeAsync(export, $"bin/codeexec mcp list_tools --transport {transport} | jq")).GetProperty("tools").GetArrayLength());

        var call = ReadmeBlock.Under("Local SSE", 4).Replace("sse", transport, StringComparison.Ordinal);
        await using var shell = RunningProgram.StartShell($"set -o pipefail\n{export}\n{call}", heroku.Shell);
        var end = await shell.EndAsync();
        Assert.Equal((1, ""), (end.ExitCode, end.Stdout));
        Assert.Contains("STDIO_MODE_ONLY", end.Stderr, StringComparison.Ordinal);
        // Over STDIO it is there all the same.
        AssertListsTheTool(await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 1)));
    }

    [Fact]
    public async Task Scaling_web_and_worker()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var heroku = App();
        heroku.Addons["heroku-redis"] = new System.Text.Json.Nodes.JsonObject { ["REDIS_URL"] = redis.Url };
        await heroku.TypeAsync($"heroku config:set API_KEY={Key} -a $APP_NAME", ReadmeBlock.Under("Scale", 1));
        Assert.Equal("web.1: up\nworker.1: up\nworker.2: up\n", await heroku.TypeAsync("heroku ps -a $APP_NAME"));
        AssertFiftyNumbers(await heroku.TypeAsync(ReadmeBlock.Under("Remote SSE", 2), ReadmeBlock.Under("Local SSE", 4)));
        // It went through the queue.
        Assert.Matches("entries-added\r\n:[1-9]", await redis.CommandAsync("XINFO", "STREAM", "codeexec:jobs"));
        await heroku.TypeAsync("heroku ps:scale web=0 worker=0 -a $APP_NAME");
    }

    [Fact]
    public async Task Remote_stdio_on_the_server()
    {
        await using var heroku = App();
        AssertListsTheTool(await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 1)));
        AssertFiftyNumbers(await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 2)));
        // As the reference app's README has it: with a terminal, in which jq prints colours.
        var inTerminal = await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, on the server", 2).Replace("--no-tty ", "", StringComparison.Ordinal).Replace("| jq", "| jq --monochrome-output", StringComparison.Ordinal));
        AssertFiftyNumbers(inTerminal);
    }

    [Fact]
    public async Task Remote_stdio_direct_calls_end_with_their_input()
    {
        await using var heroku = App();
        AssertHeredocAnswers(await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, direct calls", 1)));
        // With a terminal in between the requests may be repeated, and the answers are the same.
        var typed = await heroku.TypeAsync(ReadmeBlock.Under("Remote STDIO, direct calls", 1).Replace("--no-tty ", "", StringComparison.Ordinal));
        Assert.DoesNotContain('\e', typed);
        AssertHeredocAnswers(string.Join('\n', typed.Split('\n').Where(line => line.Contains("\"result\"", StringComparison.Ordinal))));
    }

    private HerokuStandIn App() => new(_folder.Path, Checkout.Root, _folder.Settings);

    private static async Task<string> RunAsync(string commands, ProgramSettings settings)
    {
        await using var shell = RunningProgram.StartShell($"set -e -o pipefail\n{commands}", settings);
        var end = await shell.EndAsync();
        Assert.True(end.ExitCode == 0, shell.Transcript);
        return end.Stdout;
    }

    // What a script that was written for the reference app picks out.
    private static void AssertListsTheTool(string printed)
    {
        var tool = Parse(printed).GetProperty("tools")[0];
        Assert.Equal("code_exec_python", tool.GetProperty("name").GetString());
        Assert.Equal(["code", "packages"], tool.GetProperty("inputSchema").GetProperty("properties").EnumerateObject().Select(property => property.Name));
    }

    private static void AssertFiftyNumbers(string printed) => AssertFiftyNumbers(Parse(printed));

    private static void AssertFiftyNumbers(JsonElement result)
    {
        Assert.False(result.GetProperty("isError").GetBoolean());
        var text = Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
        Assert.Equal(["returncode", "stdout", "stderr"], text.EnumerateObject().Take(3).Select(field => field.Name));
        Assert.Equal(0, text.GetProperty("returncode").GetInt32());
        Assert.Equal(50, Parse(text.GetProperty("stdout").GetString()!).GetArrayLength());
    }

    private static void AssertHeredocAnswers(string printed)
    {
        var answers = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
        Assert.Equal([1, 2], answers.Select(answer => answer.GetProperty("id").GetInt32()));
        Assert.Equal("codeexec", answers[0].GetProperty("result").GetProperty("serverInfo").GetProperty("name").GetString());
        AssertFiftyNumbers(answers[1].GetProperty("result"));
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
