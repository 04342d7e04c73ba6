namespace CodeExec.Tests.EndToEnd;

/// <summary>The second generation of the official TypeScript SDK, with the handshake and without, and mcp-remote in front of the first.</summary>
public sealed class TypeScriptClientTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    [Theory]
    [InlineData("stdio", "legacy", "2025-11-25")]
    [InlineData("stdio", "auto", "2026-07-28")]
    [InlineData("sse", "legacy", "2025-11-25")]
    [InlineData("sse", "auto", "2026-07-28")]
    [InlineData("http", "legacy", "2025-11-25")]
    [InlineData("http", "auto", "2026-07-28")]
    public async Task It_lists_calls_follows_progress_and_cancels(string transport, string negotiation, string revision)
    {
        using var line = new LineToCode();
        await using var client = NodeClient.Start("client-v2.mjs", [transport, negotiation, service.Target(transport), $"print('one', flush=True)\n{line.CallAndWait}"], service.ClientSettings);
        await FollowsAsync(client, line);
        var seen = await NodeClient.AnswerAsync(client);
        Assert.Equal(revision, seen.GetProperty("revision").GetString());
        Assert.Equal("code_exec_python", Assert.Single(seen.GetProperty("tools").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal("one", seen.GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString());
        Assert.True(seen.GetProperty("cancelled").GetBoolean());
        Assert.Equal(1, seen.GetProperty("toolsAfterwards").GetInt32());
    }

    [Theory]
    [InlineData("sse", "sse-only")]
    [InlineData("http", "http-only")]
    public async Task Mcp_remote_makes_a_local_server_of_a_remote_one(string transport, string strategy)
    {
        var remote = NodeClient.CommandLine("node_modules/mcp-remote/dist/proxy.js", service.Target(transport), "--transport", strategy, "--header", $"x-api-key:{service.ApiKey}");
        using var line = new LineToCode();
        await using var client = NodeClient.Start("sdk-client.mjs", ["call", "stdio", remote, $"print('one', flush=True)\n{line.CallAndWait}"], service.ClientSettings);
        await FollowsAsync(client, line);
        var seen = await NodeClient.AnswerAsync(client);
        Assert.Equal("code_exec_python", Assert.Single(seen.GetProperty("tools").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal("one", seen.GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString());
    }

    // Its code goes on only after the client has shown what it printed.
    private static async Task FollowsAsync(RunningProgram client, LineToCode line)
    {
        await line.CalledAsync(client);
        await client.Stderr.HasAsync("\"message\":\"one\\n\"");
        await line.AnswerAsync();
    }
}
