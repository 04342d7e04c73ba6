using System.Text.Json;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The official TypeScript SDK's client, over every transport.</summary>
public sealed class TypeScriptSdkTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    public static TheoryData<string> Transports => ["stdio", "sse", "http"];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task It_lists_and_calls_sees_progress_while_the_code_runs_and_accepts_the_structured_result(string transport)
    {
        using var line = new LineToCode();
        var code = $"print('one', flush=True)\n{line.CallAndWait}\nimport sys; print('two', file=sys.stderr)\nsys.exit(3)";
        await using var client = NodeClient.Start("sdk-client.mjs", ["call", transport, service.Target(transport), code], service.ClientSettings);
        await line.CalledAsync(client);
        await client.Stderr.HasAsync("\"message\":\"one\\n\"");
        await line.AnswerAsync();
        var seen = await NodeClient.AnswerAsync(client);

        Assert.Equal("codeexec", seen.GetProperty("server").GetProperty("name").GetString());
        var tool = Assert.Single(seen.GetProperty("tools").EnumerateArray());
        Assert.Equal("code_exec_python", tool.GetProperty("name").GetString());
        Assert.Equal(5, tool.GetProperty("annotations").EnumerateObject().Count());

        var result = seen.GetProperty("result");
        var structured = result.GetProperty("structuredContent");
        Assert.Equal((3, "one", "two"), (structured.GetProperty("returncode").GetInt32(), structured.GetProperty("stdout").GetString(), structured.GetProperty("stderr").GetString()));
        using var text = JsonDocument.Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
        Assert.True(JsonElement.DeepEquals(structured, text.RootElement), "The text block and the structured content differ.");
        Assert.False(result.GetProperty("isError").GetBoolean());
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Cancelling_a_call_ends_its_code_and_leaves_the_session_usable(string transport)
    {
        using var line = new LineToCode();
        await using var client = NodeClient.Start(
            "sdk-client.mjs", ["cancel", transport, service.Target(transport), $"{line.CallAndWait.Replace("; line.recv", "; print('ready', flush=True); line.recv", StringComparison.Ordinal)}"], service.ClientSettings);
        await line.CalledAsync(client);
        await line.EndedAsync();
        var end = await client.EndAsync();
        Assert.True(end.ExitCode == 0, client.Transcript);
        Assert.Equal("""{"cancelled":true,"toolsAfterwards":1}""", end.Stdout.Trim());
    }
}
