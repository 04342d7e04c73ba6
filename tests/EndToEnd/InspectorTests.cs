namespace CodeExec.Tests.EndToEnd;

/// <summary>The MCP Inspector's command line, over every transport.</summary>
public sealed class InspectorTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    private const string Script = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

    public static TheoryData<string> Transports => ["stdio", "sse", "http"];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task It_lists_the_tool(string transport)
    {
        var list = await NodeClient.RunAsync(Script, [.. Server(transport), "--method", "tools/list"], service.ClientSettings);
        Assert.Equal("code_exec_python", list.GetProperty("tools")[0].GetProperty("name").GetString());
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task It_calls_the_tool(string transport)
    {
        var result = await NodeClient.RunAsync(
            Script, [.. Server(transport), "--method", "tools/call", "--tool-name", "code_exec_python", "--tool-arg", "code=print(2+2)"], service.ClientSettings);
        Assert.Equal("4", result.GetProperty("structuredContent").GetProperty("stdout").GetString());
    }

    private string[] Server(string transport) => transport is "stdio"
        ? ["--cli", "/bin/sh", "-c", service.Target(transport), "--transport", transport]
        : ["--cli", service.Target(transport), "--transport", transport, "--header", $"Authorization: Bearer {service.ApiKey}"];
}
