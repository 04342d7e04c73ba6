namespace CodeExec.Tests.EndToEnd;

/// <summary>A real agent loop: OpenAI's agents SDK, with a model that follows a script.</summary>
public sealed class AgentTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    public static TheoryData<string> Transports => ["stdio", "sse", "http"];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task It_finds_the_tool_calls_it_reads_the_error_mends_its_code_and_calls_again(string transport)
    {
        var seen = await NodeClient.RunAsync("agent.mjs", [transport, service.Target(transport)], service.ClientSettings);
        Assert.Equal("code_exec_python", Assert.Single(seen.GetProperty("tools").EnumerateArray()).GetString());
        Assert.Equal(2, seen.GetProperty("calls").GetInt32());
        Assert.Equal("The code printed: 45", seen.GetProperty("answer").GetString());
    }
}
