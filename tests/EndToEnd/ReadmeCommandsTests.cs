using System.Text.Json;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The commands that users of the reference app know, with our programs in them, word for word otherwise.</summary>
public sealed class ReadmeCommandsTests : IAsyncLifetime, IDisposable
{
    private const string FiftyNumbers = """
        {
          "name": "code_exec_python",
          "arguments": {
            "code": "import numpy as np; print(np.random.rand(50).tolist())",
            "packages": ["numpy"]
          }
        }
        """;

    private readonly TestFolder _folder = new();

    public Task InitializeAsync() => Checkout.BuiltAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tools_are_listed_over_stdio()
    {
        var list = await JsonOf("bin/codeexec mcp list_tools | jq", _folder.Settings);
        Assert.Equal("code_exec_python", list.GetProperty("tools")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task The_tool_is_called_over_stdio() =>
        AssertFiftyNumbers(await JsonOf($"bin/codeexec mcp call_tool --args '{FiftyNumbers}' | jq", _folder.Settings));

    [Fact]
    public async Task A_heredoc_into_the_stdio_server_gets_both_answers_in_order()
    {
        await using var shell = RunningProgram.StartShell(
            $"cat <<EOF | {Checkout.ProcfileLine("mcp-python")}\n" + """

            {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"0.1.0","capabilities":{},"clientInfo":{"name":"test","version":"1.0.0"}}}

            {"jsonrpc":"2.0","method":"notifications/initialized","params":{}}

            {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"import numpy as np; print(np.random.rand(50).tolist())","packages":["numpy"]}}}
            EOF
            """,
            _folder.Settings);
        var end = await shell.EndAsync();
        Assert.True(end.ExitCode == 0, shell.Transcript);
        var answers = end.Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).ToList();
        Assert.Equal([1, 2], answers.Select(answer => answer.GetProperty("id").GetInt32()));
        Assert.Equal("codeexec", answers[0].GetProperty("result").GetProperty("serverInfo").GetProperty("name").GetString());
        AssertFiftyNumbers(answers[1].GetProperty("result"));
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task The_tool_is_listed_and_called_over_http(string transport)
    {
        await using var server = await WebServer.StartAsync(_folder.Settings.With("API_KEY", "first:key-one,second:key-two"));
        // As `heroku info -s` prints it: with a slash at the end and no path.
        var client = _folder.Settings.With("API_KEY", "key-two").With("MCP_SERVER_URL", $"{server.Url}");
        var list = await JsonOf($"bin/codeexec mcp list_tools --transport {transport} | jq", client);
        Assert.Equal("code_exec_python", list.GetProperty("tools")[0].GetProperty("name").GetString());
        AssertFiftyNumbers(await JsonOf($"bin/codeexec mcp call_tool --transport {transport} --args '{FiftyNumbers}' | jq", client));
    }

    [Theory]
    [InlineData("sse")]
    [InlineData("http")]
    public async Task In_stdio_only_mode_the_tool_is_neither_listed_nor_callable_over_http(string transport)
    {
        await using var server = await WebServer.StartAsync(_folder.Settings.With("STDIO_MODE_ONLY", "true"));
        var client = _folder.Settings.With("MCP_SERVER_URL", $"{server.Url}");
        var list = await JsonOf($"bin/codeexec mcp list_tools --transport {transport} | jq", client);
        Assert.Equal(0, list.GetProperty("tools").GetArrayLength());

        await using var call = RunningProgram.Start(Checkout.Codeexec, ["mcp", "call_tool", "--transport", transport, "--args", FiftyNumbers], client);
        var end = await call.EndAsync();
        Assert.Equal((1, ""), (end.ExitCode, end.Stdout));
        Assert.Contains("STDIO_MODE_ONLY", end.Stderr, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> JsonOf(string commandLine, ProgramSettings settings)
    {
        await using var shell = RunningProgram.StartShell($"set -o pipefail; {commandLine}", settings);
        var end = await shell.EndAsync();
        Assert.True(end.ExitCode == 0, shell.Transcript);
        return Parse(end.Stdout);
    }

    private static void AssertFiftyNumbers(JsonElement result)
    {
        var printed = Parse(result.GetProperty("content")[0].GetProperty("text").GetString()!);
        Assert.Equal(0, printed.GetProperty("returncode").GetInt32());
        Assert.Equal(50, Parse(printed.GetProperty("stdout").GetString()!).GetArrayLength());
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
