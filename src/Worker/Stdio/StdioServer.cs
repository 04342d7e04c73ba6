using CodeExec.Shared.Tool;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// MCP over STDIO that answers everything it was asked, also when stdin closes right behind the last request: one JSON message a line, in
/// both directions (the specification's "stdio" transport). Messages go to a <see cref="PlainSession"/>; from the first one that it
/// doesn't take, the SDK has the session; with the job tools it has it from the beginning.
/// </summary>
/// <remarks>One task reads; any thread answers.</remarks>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio"/>
internal sealed class StdioServer(LineReader input, LineWriter output, CodeExecTool tool, RunningCalls calls, ILoggerFactory logs) : IAsyncDisposable
{
    private const string Session = "stdio";

    private readonly PlainSession _plain = new(output, tool, calls, Session);
    private volatile SdkSession? _sdk;

    // `heroku run` writes a literal ^D (0x04) when its input ends.
    private static ReadOnlySpan<byte> Blanks => " \t\r\u0004"u8;

    /// <summary>Whether the SDK has the session.</summary>
    public bool UsesSdk => _sdk is not null;

    /// <summary>Serves the session until the input has ended and everything is answered.</summary>
    /// <param name="cancel">Ends it, whatever runs; calls that still run are stopped and waited for.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (await input.ReadAsync(cancel) is { } line)
            {
                var message = new InputLine(line.Bytes.Trim(Blanks), line.TooLong);
                if (message.TooLong || !message.Bytes.IsEmpty) await TakeAsync(message, cancel);
            }
            await AllAnsweredAsync(cancel);
        }
        finally
        {
            await _plain.AllAnsweredAsync();
            if (_sdk is not null) await _sdk.EndAsync();
        }
    }

    /// <summary>Waits until nothing that was asked is unanswered. Any thread.</summary>
    public async Task AllAnsweredAsync(CancellationToken cancel)
    {
        await _plain.AllAnsweredAsync().WaitAsync(cancel);
        if (_sdk is not null) await _sdk.AllAnsweredAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_sdk is not null) await _sdk.DisposeAsync();
    }

    private async Task TakeAsync(InputLine line, CancellationToken cancel)
    {
        if (_sdk is null)
        {
            if (tool.Jobs is null && !line.TooLong && await _plain.TakeAsync(line.Bytes, cancel)) return;
            _sdk = new SdkSession(output, tool, calls, Session, logs, cancel);
            await _sdk.RepeatAsync(_plain.Handshake, cancel);
        }
        // A call from before the SDK had the session is none that the SDK could end.
        else if (PlainMessage.Read(line.Bytes.Span) is { Method: NotificationMethods.CancelledNotification } message && PlainParameters.Cancelled(message.Params) is { } id)
        {
            _plain.CancelCall(id);
        }
        await _sdk.TakeAsync(line, input.MaxLineBytes, cancel);
    }
}
