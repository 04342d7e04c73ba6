using System.Text.Json;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Tool;

/// <summary>What a client sees of the tool: its definition and the shape of its results, through the real transport.</summary>
public sealed class ToolContractTests
{
    [Fact]
    public async Task The_tool_is_listed_with_its_schemas_and_all_five_annotations()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Request(1, "tools/list"));
        var tool = Assert.Single((await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("tools").EnumerateArray().ToList());

        Assert.Equal("code_exec_python", tool.GetProperty("name").GetString());
        Assert.Equal(
            """{"title":"Run Python","readOnlyHint":false,"destructiveHint":true,"idempotentHint":false,"openWorldHint":true}""",
            Sorted(tool.GetProperty("annotations"), "title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"));
        var input = tool.GetProperty("inputSchema");
        Assert.Equal("code", Words(input.GetProperty("required")));
        Assert.Equal("code packages", Fields(input.GetProperty("properties")));
        Assert.Equal("string", input.GetProperty("properties").GetProperty("code").GetProperty("type").GetString());
        Assert.False(input.GetProperty("additionalProperties").GetBoolean());
        Assert.Equal(
            "ok error timeout memory_limit output_limit cpu_limit process_limit disk_limit cancelled install_failed worker_lost",
            Words(tool.GetProperty("outputSchema").GetProperty("properties").GetProperty("status").GetProperty("enum")));
        var description = tool.GetProperty("description").GetString();
        Assert.Contains("may run for 30 seconds", description, StringComparison.Ordinal);
        Assert.Contains("256 KiB", description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("on", "The network can be reached.")]
    [InlineData("off", "The network can't be reached: send the data with the code.")]
    [InlineData("80,443", "Of the network, these TCP ports can be reached: 80, 443.")]
    public async Task The_description_says_what_of_the_network_code_reaches(string network, string sentence)
    {
        var settings = ServiceSettings.Read(new Dictionary<string, string>(StringComparer.Ordinal) { ["NETWORK"] = network }, servesHttp: false);
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, settings.Tool);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Request(1, "tools/list"));
        var tool = (await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("tools")[0];
        Assert.Contains(sentence, tool.GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_has_its_fields_in_order_and_its_output_trimmed()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        var result = await session.Lines.CallAsync(1, "import sys\nprint('\\n  \\x1c\\u00a0 \"4\" <ä> \\u2028 \\n\\n')\nprint(' careful ', file=sys.stderr)\nsys.exit(3)");

        Assert.False(result.TryGetProperty("isError", out var isError) && isError.GetBoolean());
        var text = Assert.Single(result.GetProperty("content").EnumerateArray().ToList());
        Assert.Equal("text", text.GetProperty("type").GetString());
        var json = text.GetProperty("text").GetString()!;
        Assert.StartsWith("{\n  \"returncode\": 3,\n  \"stdout\": \"\\\"4\\\" <ä>\",\n  \"stderr\": \"careful\",\n  \"status\": \"error\",\n  \"duration_ms\": ", json, StringComparison.Ordinal);
        Assert.Equal(
            "returncode stdout stderr status duration_ms install_ms queue_ms packages_cache",
            Fields(result.GetProperty("structuredContent")));
        using var same = JsonDocument.Parse(json);
        Assert.True(JsonElement.DeepEquals(same.RootElement, result.GetProperty("structuredContent")));
    }

    [Theory]
    [InlineData("print(2+2)", "ok", 0)]
    [InlineData("import sys; sys.exit('text')", "error", 1)]
    [InlineData("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "error", -9)]
    [InlineData("while True: pass", "timeout", -2)]
    [InlineData("while True: print('x' * 100000)", "output_limit", -9)]
    public async Task Every_ending_is_a_result_that_fits_the_output_schema_and_no_error(string code, string status, int returnCode)
    {
        await using var service = new TestService(execution: options => options with { RunTimeout = TimeSpan.FromSeconds(status is "timeout" ? 1 : 60), MaxPrintedBytes = 10_000_000, MaxOutputBytes = 1024 });
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        await session.Lines.SendAsync(McpLines.Request(1, "tools/list"));
        var schema = (await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("tools")[0].GetProperty("outputSchema");
        var result = await session.Lines.CallAsync(2, code);

        var answer = result.GetProperty("structuredContent");
        Assert.Equal((status, returnCode), (answer.GetProperty("status").GetString(), answer.GetProperty("returncode").GetInt32()));
        Assert.False(result.TryGetProperty("isError", out var isError) && isError.GetBoolean());
        Fits(answer, schema);
    }

    [Fact]
    public async Task A_failed_install_is_a_result_with_pips_words()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        var answer = (await session.Lines.CallAsync(1, "print(1)", "no-such-package-anywhere")).GetProperty("structuredContent");
        Assert.Equal(("install_failed", 1, ""), (answer.GetProperty("status").GetString(), answer.GetProperty("returncode").GetInt32(), answer.GetProperty("stdout").GetString()));
        Assert.Contains("No matching distribution found for no-such-package-anywhere", answer.GetProperty("stderr").GetString(), StringComparison.Ordinal);
        Assert.Contains("check the spelling", answer.GetProperty("hint").GetString(), StringComparison.Ordinal);
        Assert.Equal("miss", answer.GetProperty("packages_cache").GetString());
    }

    [Fact]
    public async Task What_Python_calls_white_space_is_trimmed_and_nothing_else()
    {
        await using var service = new TestService(execution: options => options with { MaxOutputBytes = 1024 * 1024 });
        // Python says for each character whether its str.strip() takes it away; each is then printed around a letter.
        var spaces = (await service.RunAsync("print(*(c for c in range(0x10000) if chr(c).isspace()))")).Stdout.Split(' ').Select(int.Parse).ToHashSet();
        Assert.Contains(0x1c, spaces);
        for (var c = 1; c < 0x10000; c++)
        {
            if (char.IsSurrogate((char)c)) continue;
            var written = CodeExec.Shared.Tool.ToolResult.Write(new CodeExec.Shared.Jobs.ExecutionResult { ReturnCode = 0, Stdout = $"{(char)c}a{(char)c}", Stderr = "", Status = CodeExec.Shared.Jobs.ExecutionStatus.Ok });
            using var json = JsonDocument.Parse(written);
            Assert.Equal(spaces.Contains(c) ? "a" : $"{(char)c}a{(char)c}", json.RootElement.GetProperty("stdout").GetString());
        }
    }

    [Fact]
    public async Task Output_reaches_a_client_that_gave_a_progress_token_before_its_result()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        using var release = new NamedPipe(service.Folder.Shared("go"));
        await session.Lines.SendAsync(McpLines.Call(1, $"print('early')\nopen({WheelFolder.Python(release.Path)}).read()\nprint('late')", progressToken: "token-7"));
        var progress = await session.Lines.FindAsync(message => message.TryGetProperty("method", out var method) && method.GetString() == "notifications/progress");
        Assert.Equal("token-7", progress.GetProperty("params").GetProperty("progressToken").GetString());
        Assert.Equal("early\n", progress.GetProperty("params").GetProperty("message").GetString());
        Assert.DoesNotContain("1", session.Lines.AnsweredIds, StringComparer.Ordinal);
        release.Open();
        Assert.Equal("early\nlate", (await session.Lines.AnswerAsync(1)).GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString());
        var steps = session.Lines.Received.Where(message => message.TryGetProperty("method", out _)).Select(message => message.GetProperty("params").GetProperty("progress").GetDouble()).ToList();
        Assert.Equal(steps.Order(), steps);
        Assert.Equal(steps.Count, steps.Distinct().Count());
    }

    [Fact]
    public async Task Output_reaches_a_client_as_log_messages_from_the_level_it_set()
    {
        await using var service = new TestService();
        await using var session = new StdioSession(service.Local.Runner, service.Settings.Tool);
        await session.Lines.OpenAsync();
        await session.Lines.CallAsync(1, "print('nobody listens')");
        await session.Lines.SendAsync(McpLines.Request(2, "logging/setLevel", """{"level":"warning"}"""));
        await session.Lines.AnswerAsync(2);
        await session.Lines.CallAsync(3, "import sys\nprint('too quiet')\nprint('loud', file=sys.stderr)");
        var told = Assert.Single(session.Lines.Received.Where(message => message.TryGetProperty("method", out _)).ToList()).GetProperty("params");
        Assert.Equal(("warning", "stderr", "loud\n"), (told.GetProperty("level").GetString(), told.GetProperty("logger").GetString(), told.GetProperty("data").GetString()));
    }

    private static string Words(JsonElement list) => string.Join(' ', list.EnumerateArray().Select(word => word.GetString()));

    private static string Fields(JsonElement value) => string.Join(' ', value.EnumerateObject().Select(field => field.Name));

    private static string Sorted(JsonElement value, params string[] names)
    {
        Assert.Equal(names.Length, value.EnumerateObject().Count());
        return "{" + string.Join(',', names.Select(name => $"\"{name}\":{value.GetProperty(name).GetRawText()}")) + "}";
    }

    // As much of JSON Schema as the output schema uses.
    private static void Fits(JsonElement value, JsonElement schema)
    {
        if (schema.TryGetProperty("enum", out var allowed)) Assert.Contains(value.GetString()!, Words(allowed).Split(' '), StringComparer.Ordinal);
        if (schema.TryGetProperty("type", out var type))
            Assert.Equal(type.GetString(), value.ValueKind switch { JsonValueKind.Object => "object", JsonValueKind.Number => "integer", JsonValueKind.String => "string", _ => "other" });
        if (value.ValueKind != JsonValueKind.Object) return;
        foreach (var name in schema.GetProperty("required").EnumerateArray()) Assert.True(value.TryGetProperty(name.GetString()!, out _), name.GetString());
        foreach (var property in value.EnumerateObject()) Fits(property.Value, schema.GetProperty("properties").GetProperty(property.Name));
    }
}
