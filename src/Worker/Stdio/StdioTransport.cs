using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CodeExec.Shared.Tool;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// The SDK's way to and from the client's lines. It stays connected until nothing asked is unanswered, and holds later lines back until
/// <c>initialize</c> is answered. One task hands it lines; any thread sends.
/// </summary>
/// <remarks>
/// The SDK's own transport drops every answer once stdin ends (seen with 2.3.1, 6 runs of 6), and hands pipelined requests out in
/// parallel, so that a tool call may be answered before <c>initialize</c>.
/// </remarks>
internal sealed class StdioTransport : TransportBase
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    private readonly LineWriter _output;
    private readonly PendingRequests _pending = new();
    private volatile bool _repeating;

    /// <summary>Connects.</summary>
    /// <param name="output">Where answers go.</param>
    /// <param name="logs">Where the SDK's base class logs.</param>
    public StdioTransport(LineWriter output, ILoggerFactory logs) : base("stdio", logs)
    {
        _output = output;
        SetConnected();
    }

    /// <inheritdoc/>
    public override async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        try
        {
            if (!_repeating) await WriteAsync(message, cancellationToken);
        }
        finally
        {
            // An answer that can't be written will never be: waiting for it would keep the process of a client that died.
            if (message is JsonRpcResponse or JsonRpcError) _pending.Answered(((JsonRpcMessageWithId)message).Id);
        }
    }

    /// <summary>Waits until nothing that was asked is unanswered.</summary>
    public Task AllAnsweredAsync(CancellationToken cancel) => _pending.AllAnsweredAsync(cancel);

    /// <summary>Tells the server what was said before it was there. The client has its answers already and gets none.</summary>
    public async Task RepeatAsync(IReadOnlyList<ReadOnlyMemory<byte>> lines, CancellationToken cancel)
    {
        _repeating = true;
        foreach (var line in lines) await TakeAsync(line, cancel);
        await _pending.AllAnsweredAsync(cancel);
        _repeating = false;
    }

    /// <summary>Answers a line that was too long and is gone.</summary>
    public Task RefuseTooLongAsync(int maxLineBytes, CancellationToken cancel) =>
        RefuseAsync(McpErrorCode.InvalidRequest, $"A line was longer than {maxLineBytes} bytes, the limit, and was dropped. Send less in one message.", cancel);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        SetDisconnected();
        return ValueTask.CompletedTask;
    }

    /// <summary>Hands the server a message, or answers what is none.</summary>
    public async Task TakeAsync(ReadOnlyMemory<byte> line, CancellationToken cancel)
    {
        JsonRpcMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(line.Span, MessageType);
        }
        catch (JsonException fault)
        {
            await RefuseAsync(IsJson(line) ? McpErrorCode.InvalidRequest : McpErrorCode.ParseError, $"A line is no JSON-RPC message: {fault.Message}", cancel);
            return;
        }
        if (message is null)
        {
            await RefuseAsync(McpErrorCode.InvalidRequest, "A line is null, which is no JSON-RPC message.", cancel);
            return;
        }
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
        {
            await CancelAsync(cancelled, cancel);
            return;
        }
        if (message is JsonRpcRequest request) _pending.Asked(request.Id);
        await WriteMessageAsync(message, cancel);
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize }) await _pending.AnsweredAsync(((JsonRpcRequest)message).Id, cancel);
    }

    private async Task CancelAsync(JsonRpcNotification cancelled, CancellationToken cancel)
    {
        // One that names no request cancels nothing; over an id that is no text the SDK would end the session.
        if (ServerDefinition.CancelledRequest(cancelled) is not { } id) return;
        await WriteMessageAsync(cancelled, cancel);
        // The SDK sends no answer to a cancelled request, so nobody may wait for one.
        _pending.Answered(id);
    }

    private Task RefuseAsync(McpErrorCode code, string message, CancellationToken cancel) =>
        WriteAsync(new JsonRpcError { Id = default, Error = new JsonRpcErrorDetail { Code = (int)code, Message = message } }, cancel);

    private Task WriteAsync(JsonRpcMessage message, CancellationToken cancel) =>
        _output.WriteAsync(json => JsonSerializer.Serialize(json, message, MessageType), cancel);

    private static bool IsJson(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
