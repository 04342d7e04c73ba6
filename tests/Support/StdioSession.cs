using System.IO.Pipelines;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Worker.Stdio;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace CodeExec.Tests.Support;

/// <summary>The tool behind its real transport in this process, spoken to over pipes.</summary>
internal sealed class StdioSession : IAsyncDisposable
{
    private readonly StdioTransport _transport;
    private readonly McpServer _server;
    private readonly RunningCalls _calls = new();

    /// <summary>Opens a session.</summary>
    /// <param name="runner">What runs the calls.</param>
    /// <param name="options">What the tool accepts.</param>
    /// <param name="maxLineBytes">The longest accepted line.</param>
    /// <param name="output">Where answers go, when not to <see cref="Lines"/>.</param>
    public StdioSession(IJobRunner runner, ToolOptions? options = null, int maxLineBytes = 8 * 1024 * 1024, Stream? output = null)
    {
        var (toServer, fromServer) = (new Pipe(), new Pipe());
        var tool = new CodeExecTool(runner, options ?? new ToolOptions(), Gate, _calls, Logs.CreateLogger<CodeExecTool>());
        _transport = new StdioTransport(toServer.Reader.AsStream(), output ?? fromServer.Writer.AsStream(), maxLineBytes, Logs);
        _server = McpServer.Create(_transport, ServerDefinition.Create(tool, _calls, session: "stdio"), Logs);
        Lines = new McpLines(toServer.Writer.AsStream(), fromServer.Reader.AsStream());
        Ended = RunAsync(fromServer.Writer);
    }

    public McpLines Lines { get; }

    public CallGate Gate { get; } = new();

    public CollectedLogs Logs { get; } = new();

    /// <summary>Done when the server has ended by itself, because its input has and all is answered.</summary>
    public Task Ended { get; }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _transport.DisposeAsync();
        await Ended.Within();
        Gate.Dispose();
    }

    private async Task RunAsync(PipeWriter output)
    {
        await _server.RunAsync();
        await output.CompleteAsync();
    }
}
