using CodeExec.Shared.Tool;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace CodeExec.Worker.Stdio;

/// <summary>The session in the hands of the SDK's server, which knows every message of every revision. One task hands it lines.</summary>
internal sealed class SdkSession : IAsyncDisposable
{
    private readonly StdioTransport _transport;
    private readonly McpServer _server;
    private readonly Task _running;

    /// <summary>Starts the server.</summary>
    /// <param name="output">Where answers go.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="calls">Where calls under way are listed.</param>
    /// <param name="session">The session's id.</param>
    /// <param name="logs">Where the SDK logs.</param>
    /// <param name="cancel">Ends the session, whatever runs.</param>
    public SdkSession(LineWriter output, CodeExecTool tool, RunningCalls calls, string session, ILoggerFactory logs, CancellationToken cancel)
    {
        _transport = new StdioTransport(output, logs);
        _server = McpServer.Create(_transport, ServerDefinition.Create(tool, calls, caller: null, session), logs);
        _running = _server.RunAsync(cancel);
    }

    /// <summary>Tells the server what was said before it was there, so that it goes on from there. It is not answered again.</summary>
    public Task RepeatAsync(IReadOnlyList<ReadOnlyMemory<byte>> lines, CancellationToken cancel) => _transport.RepeatAsync(lines, cancel);

    /// <summary>Hands over the next line.</summary>
    public Task TakeAsync(InputLine line, int maxLineBytes, CancellationToken cancel) =>
        line.TooLong ? _transport.RefuseTooLongAsync(maxLineBytes, cancel) : _transport.TakeAsync(line.Bytes, cancel);

    /// <summary>Waits until nothing that was asked is unanswered.</summary>
    public Task AllAnsweredAsync(CancellationToken cancel) => _transport.AllAnsweredAsync(cancel);

    /// <summary>Takes nothing more, and waits for the calls that still run.</summary>
    public async Task EndAsync()
    {
        await _transport.DisposeAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await EndAsync();
    }
}
