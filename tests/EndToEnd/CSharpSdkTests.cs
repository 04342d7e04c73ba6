using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace CodeExec.Tests.EndToEnd;

/// <summary>The C# SDK's client, over every transport, against the real programs.</summary>
public sealed class CSharpSdkTests(ServedOverEveryTransport service) : IClassFixture<ServedOverEveryTransport>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("stdio", null)]
    [InlineData("stdio", "2025-06-18")]
    [InlineData("sse", null)]
    [InlineData("http", null)]
    [InlineData("http", "2025-11-25")]
    public async Task It_lists_and_calls_and_sees_progress_while_the_code_runs(string transport, string? revision)
    {
        using var line = new LineToCode();
        await using var client = await McpClient.CreateAsync(Transport(transport), new McpClientOptions { ProtocolVersion = revision, ClientInfo = new Implementation { Name = "tests", Version = "1" } }).WaitAsync(Limit);
        Assert.Equal("code_exec_python", Assert.Single(await client.ListToolsAsync()).Name);

        var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = client.CallToolAsync(
            "code_exec_python", new Dictionary<string, object?>(StringComparer.Ordinal) { ["code"] = $"print('one', flush=True)\n{line.CallAndWait}\nprint('two')" }, new Progress(heard)).AsTask();
        await line.CalledAsync(service.Server);
        Assert.Equal("one\n", await heard.Task.WaitAsync(Limit));
        await line.AnswerAsync();
        Assert.Equal("one\ntwo", (await call.WaitAsync(Limit)).StructuredContent!.Value.GetProperty("stdout").GetString());
    }

    private IClientTransport Transport(string transport) => transport is "stdio"
        ? new StdioClientTransport(new StdioClientTransportOptions
        {
            Command = "/bin/bash",
            Arguments = ["-c", service.Target(transport)],
            WorkingDirectory = Checkout.Root,
            EnvironmentVariables = service.ClientSettings.Variables.ToDictionary(StringComparer.Ordinal),
        })
        : new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(service.Target(transport)),
            TransportMode = transport is "sse" ? HttpTransportMode.Sse : HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string>(StringComparer.Ordinal) { ["Authorization"] = $"Bearer {service.ApiKey}" },
        });

    private sealed class Progress(TaskCompletionSource<string> heard) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => heard.TrySetResult(value.Message!);
    }
}
