using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Tests.Support;
using CodeExec.Tests.Support.Inference;

namespace CodeExec.Tests.EndToEnd;

/// <summary><c>bin/codeexec inference</c> against a stand-in of Heroku's API, which starts the Procfile's <c>mcp-python</c> for every call.</summary>
public sealed class InferenceCommandTests : IAsyncLifetime, IDisposable
{
    private const string Question = "What is the sha256 of the string 'Purple Python'?";
    private const string Digest = "932bdad08f3bed9e5be56f1164d4aaff2c3a39bfbec16f39be14d49bb377b6d1";
    private static readonly string[] Annotations = ["title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"];
    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_registered_server_is_listed_with_its_tool_and_all_its_annotations(bool inTerminal)
    {
        await using var service = await StartAsync(Hashing, inTerminal);
        Assert.Equal($"mcp-python  registered, tools synced  {Checkout.ProcfileLine("mcp-python")}\n  mcp-python/code_exec_python\n", (await RunAsync(service, "servers")).Stdout);

        var listed = Parse((await RunAsync(service, "servers", "--json")).Stdout)[0].GetProperty("tools")[0];
        Assert.Equal("code_exec_python", listed.GetProperty("name").GetString());
        Assert.Equal("object", listed.GetProperty("input_schema").GetProperty("type").GetString());
        Assert.Equal(Annotations.Order(StringComparer.Ordinal), listed.GetProperty("annotations").EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        Assert.Equal([0, 0], service.DynoEnds);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_agent_calls_the_tool_and_answers_with_what_the_code_printed(bool inTerminal)
    {
        await using var service = await StartAsync(Hashing, inTerminal);
        var end = await RunAsync(service, "agent", Question, "--model", "claude-3-7-sonnet", "--tool", "mcp:code_exec_python");
        Assert.Equal(0, end.ExitCode);
        Assert.Equal($"Let me work that out.\nIt is {Digest}.\n", end.Stdout);
        Assert.Contains("→ mcp-python/code_exec_python {\"code\":\"import hashlib", end.Stderr, StringComparison.Ordinal);
        Assert.Contains($"← mcp-python/code_exec_python: Tool 'mcp-python/code_exec_python' returned result: {{\"content\":[{{\"type\":\"text\"", end.Stderr, StringComparison.Ordinal);

        Assert.True(service.Questions.TryDequeue(out var asked));
        Assert.True(JsonNode.DeepEquals(asked, JsonNode.Parse($$"""
            {"model": "claude-3-7-sonnet", "messages": [{"role": "user", "content": "{{Question}}"}], "tools": [{"type": "mcp", "name": "code_exec_python"}]}
            """)), asked.ToJsonString());
    }

    [Fact]
    public async Task Model_and_tool_have_defaults_and_Herokus_own_tools_are_named_as_the_service_names_them()
    {
        await using var service = await StartAsync((_, answers) =>
            answers.Count == 0 ? new AgentTurn.Calls("html_to_markdown", new JsonObject { ["url"] = "https://example.com" }) : new AgentTurn.Says("A page."));
        await RunAsync(service, "agent", "Hello?");
        var end = await RunAsync(service, "agent", "Hello?", "--tool", "heroku:html_to_markdown", "--tool", "mcp:other/tool");
        Assert.Contains("← html_to_markdown: Tool 'html_to_markdown' returned result", end.Stderr, StringComparison.Ordinal);
        var asked = service.Questions.ToArray();
        Assert.Equal("""[{"type":"mcp","name":"code_exec_python"}]""", asked[0]["tools"]!.ToJsonString());
        Assert.Equal("the-attached-model", asked[0]["model"]!.GetValue<string>());
        Assert.Equal("""[{"type":"heroku_tool","name":"html_to_markdown"},{"type":"mcp","name":"other/tool"}]""", asked[1]["tools"]!.ToJsonString());
    }

    [Fact]
    public async Task An_agent_that_reads_an_error_mends_its_code_and_calls_again()
    {
        await using var service = await StartAsync((_, answers) => answers switch
        {
            [] => Code("print(2 + tow)"),
            [var failed] when failed.Contains("NameError", StringComparison.Ordinal) => Code("print(2 + 2)"),
            [_, var mended] when mended.Contains("\\\"stdout\\\": \\\"4\\\"", StringComparison.Ordinal) => new AgentTurn.Says("It is 4."),
            _ => new AgentTurn.Fails(string.Join(' ', answers)),
        });
        var end = await RunAsync(service, "agent", "What is two and two?");
        Assert.EndsWith("It is 4.\n", end.Stdout, StringComparison.Ordinal);
        Assert.Equal(2, service.DynoEnds.Count);
    }

    [Fact]
    public async Task Json_shows_every_event_as_a_line_of_its_own()
    {
        await using var service = await StartAsync(Hashing);
        var end = await RunAsync(service, "agent", Question, "--json");
        var events = end.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
        Assert.Equal(["heartbeat", "message", "message", "message"], events.Select(happened => happened.GetProperty("event").GetString()!));
        Assert.Equal(["chat.completion", "tool.completion", "chat.completion"], events.Skip(1).Select(happened => happened.GetProperty("data").GetProperty("object").GetString()!));
        Assert.Equal("", end.Stderr);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_is_longer_than_a_terminals_line_arrives_whole(bool inTerminal)
    {
        // 4,096 bytes are the most that a terminal takes a line of, until the server's runtime has switched it to taking bytes.
        await using var service = await StartAsync((_, answers) => answers.Count == 0 ? Code($"print(len('{new string('x', 50_000)}'))") : new AgentTurn.Says(answers[0]), inTerminal);
        Assert.Contains("\\\"stdout\\\": \\\"50000\\\"", (await RunAsync(service, "agent", "How long?")).Stdout, StringComparison.Ordinal);
        Assert.Equal([0], service.DynoEnds);
    }

    [Fact]
    public async Task A_tool_that_fails_is_shown_and_left_to_the_agent_an_agent_that_fails_exits_with_1()
    {
        await using var failing = await StartAsync((_, answers) => answers.Count == 0 ? new AgentTurn.Calls("code_exec_python", []) : new AgentTurn.Fails("The model is overloaded."));
        var end = await RunAsync(failing, "agent", "Hello?", "--tool", "mcp:other");
        Assert.Equal(1, end.ExitCode);
        Assert.Contains("mcp-python/code_exec_python failed: The request doesn't name the tool", end.Stderr, StringComparison.Ordinal);
        Assert.EndsWith("codeexec: The agent failed: The model is overloaded.\n", end.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_exits_with_69()
    {
        await using var breaking = await StartAsync((_, _) => new AgentTurn.Breaks());
        Assert.Equal(69, (await RunAsync(breaking, "agent", "Hello?")).ExitCode);
    }

    [Fact]
    public async Task An_answer_without_end_is_waited_for_no_longer_than_asked_and_Ctrl_C_ends_it_sooner()
    {
        await using var pondering = await StartAsync((_, _) => new AgentTurn.Ponders());
        var end = await RunAsync(pondering, "agent", "Hello?", "--timeout", "1");
        Assert.Equal((69, true), (end.ExitCode, end.Stderr.Contains("had no end after 1 s, the limit set by --timeout", StringComparison.Ordinal)));

        await using var interrupted = Start(Settings(pondering), "agent", "Hello?", "--json");
        await interrupted.Stdout.HasAsync("heartbeat");
        await interrupted.SignalAsync("INT");
        Assert.Equal(130, (await interrupted.EndAsync()).ExitCode);
    }

    [Theory]
    [InlineData("servers")]
    [InlineData("agent", "Hello?")]
    public async Task A_refused_key_exits_with_77_and_is_not_shown(params string[] request)
    {
        await using var service = await StartAsync(Hashing);
        await AssertFails(77, "refused INFERENCE_KEY: 401", Settings(service).With("INFERENCE_KEY", "a-wrong-key"), request);
    }

    [Fact]
    public async Task What_the_service_says_against_a_request_is_shown_and_exits_with_1()
    {
        await using var service = await StartAsync(Hashing);
        await AssertFails(1, "answered 400 (BadRequest): There is no model \"gpt-9\".", Settings(service), "agent", "Hello?", "--model", "gpt-9");
    }

    [Theory]
    [InlineData(78, "INFERENCE_KEY is not set", "INFERENCE_KEY", "", "servers")]
    [InlineData(78, "INFERENCE_URL is \"inference\"", "INFERENCE_URL", "inference", "servers")]
    [InlineData(78, "would carry INFERENCE_KEY unencrypted", "INFERENCE_URL", "http://inference.example", "servers")]
    [InlineData(69, "can't be reached", "INFERENCE_URL", "http://127.0.0.1:1", "agent", "Hello?")]
    [InlineData(64, "INFERENCE_MODEL_ID is not set", "INFERENCE_MODEL_ID", "", "agent", "Hello?")]
    [InlineData(64, "--tool is \"code_exec_python\"", "PORT", "", "agent", "Hello?", "--tool", "code_exec_python")]
    [InlineData(64, "--timeout is \"0\"", "PORT", "", "agent", "Hello?", "--timeout", "0")]
    public Task What_can_not_be_used_is_named(int exitCode, string words, string setting, string value, params string[] request) =>
        AssertFails(exitCode, words, Settings(null).With(setting, value), request);

    private static AgentTurn.Calls Code(string code) => new AgentTurn.Calls("code_exec_python", new JsonObject { ["code"] = code });

    private static AgentTurn Hashing(string question, IReadOnlyList<string> answers) =>
        answers.Count == 0
            ? Code($"import hashlib; print(hashlib.sha256({WheelFolder.Python(question.Split('\'')[1])}.encode()).hexdigest())")
            : new AgentTurn.Says(answers[0].Contains(Digest, StringComparison.Ordinal) ? $"It is {Digest}." : $"I don't know: {answers[0]}");

    private Task<InferenceStandIn> StartAsync(AgentModel model, bool inTerminal = false) => InferenceStandIn.StartAsync(
        new DynoPlan(
            Checkout.ProcfileLine("mcp-python"), Checkout.Root, _folder.Settings.Variables,
            inTerminal ? (ProgramSettings.SystemPython, Path.Combine(Checkout.Root, "tests/Support/Inference/terminal.py")) : null),
        model);

    private ProgramSettings Settings(InferenceStandIn? service) => _folder.Settings
        .With("INFERENCE_URL", service is null ? "https://127.0.0.1:1" : $"{service.Url}").With("INFERENCE_KEY", service?.Key ?? "a-key").With("INFERENCE_MODEL_ID", "the-attached-model");

    private async Task<ProgramEnd> RunAsync(InferenceStandIn service, params string[] request)
    {
        await using var program = Start(Settings(service), request);
        return await program.EndAsync();
    }

    private static async Task AssertFails(int exitCode, string words, ProgramSettings settings, params string[] request)
    {
        await using var program = Start(settings, request);
        var end = await program.EndAsync();
        Assert.True(end.ExitCode == exitCode && end.Stdout.Length == 0, program.Transcript);
        Assert.Contains(words, end.Stderr, StringComparison.Ordinal);
        if (settings.Variables["INFERENCE_KEY"] is { Length: > 0 } key) Assert.DoesNotContain(key, end.Stderr, StringComparison.Ordinal);
    }

    private static RunningProgram Start(ProgramSettings settings, params string[] request) => RunningProgram.Start(Checkout.Codeexec, ["inference", .. request], settings);

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
