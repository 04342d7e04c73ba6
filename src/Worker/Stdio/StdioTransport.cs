using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CodeExec.Shared.Tool;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// MCP over STDIO that answers everything it was asked, also when stdin closes right behind the last request: one JSON message a line, in
/// both directions (the specification's "stdio" transport).
/// </summary>
/// <remarks>
/// The SDK's own transport drops every answer once stdin ends (seen with 2.3.1, 6 runs of 6), and hands pipelined requests out in
/// parallel, so that a tool call may be answered before <c>initialize</c>. This one stays connected until nothing asked is unanswered, and
/// holds later lines back until <c>initialize</c> is answered. One task reads; any thread sends.
/// </remarks>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio"/>
public sealed class StdioTransport : TransportBase
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType = (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    // Text travels as it is, not as \u escapes: 300 bytes of Cyrillic would become 1,800. Set on the writer, because options of our own
    // would make the serializer describe every type to itself once more.
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // `heroku run` writes a literal ^D (0x04) when its input ends.
    private static ReadOnlySpan<byte> Blanks => " \t\r\u0004"u8;

    private readonly LineReader _input;
    private readonly Stream _output;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _disposed = new();
    private readonly PendingRequests _pending = new();

    /// <summary>Starts reading.</summary>
    /// <param name="input">The client's lines; ends when the client is done.</param>
    /// <param name="output">Where answers go, and nothing else.</param>
    /// <param name="maxLineBytes">A longer line is answered with an error and dropped.</param>
    /// <param name="logs">Where the SDK's base class logs.</param>
    public StdioTransport(Stream input, Stream output, int maxLineBytes, ILoggerFactory logs) : base("stdio", logs)
    {
        _input = new LineReader(input, maxLineBytes);
        _output = output;
        SetConnected();
        Reading = ReadAsync();
    }

    /// <summary>Done when stdin has ended and every request was answered.</summary>
    public Task Reading { get; }

    /// <inheritdoc/>
    public override async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        try
        {
            await WriteAsync(message, cancellationToken);
        }
        finally
        {
            // An answer that can't be written will never be: waiting for it would keep the process of a client that died.
            if (message is JsonRpcResponse or JsonRpcError) _pending.Answered(((JsonRpcMessageWithId)message).Id);
        }
    }

    /// <summary>Waits until nothing that was asked is unanswered.</summary>
    public Task AllAnsweredAsync(CancellationToken cancel) => _pending.AllAnsweredAsync(cancel);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        SetDisconnected();
        await Reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? fault = null;
        try
        {
            while (await _input.ReadAsync(_disposed.Token) is { } line)
            {
                if (line.TooLong)
                    await RefuseAsync(McpErrorCode.InvalidRequest, $"A line was longer than {_input.MaxLineBytes} bytes, the limit, and was dropped. Send less in one message.");
                else if (line.Bytes.Trim(Blanks) is { IsEmpty: false } message)
                    await TakeAsync(message);
            }
            await _pending.AllAnsweredAsync(_disposed.Token);
        }
        catch (OperationCanceledException)
        {
            // Disposed: the process ends.
        }
        catch (Exception caught)
        {
            fault = caught;
        }
        SetDisconnected(fault);
    }

    private async Task TakeAsync(ReadOnlyMemory<byte> line)
    {
        JsonRpcMessage? message;
        try
        {
            message = JsonSerializer.Deserialize(line.Span, MessageType);
        }
        catch (JsonException fault)
        {
            await RefuseAsync(IsJson(line) ? McpErrorCode.InvalidRequest : McpErrorCode.ParseError, $"A line is no JSON-RPC message: {fault.Message}");
            return;
        }
        if (message is null)
        {
            await RefuseAsync(McpErrorCode.InvalidRequest, "A line is null, which is no JSON-RPC message.");
            return;
        }
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
        {
            await CancelAsync(cancelled);
            return;
        }
        if (message is JsonRpcRequest request) _pending.Asked(request.Id);
        await WriteMessageAsync(message, _disposed.Token);
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize }) await _pending.AnsweredAsync(((JsonRpcRequest)message).Id, _disposed.Token);
    }

    private async Task CancelAsync(JsonRpcNotification cancelled)
    {
        // One that names no request cancels nothing; over an id that is no text the SDK would end the session.
        if (ServerDefinition.CancelledRequest(cancelled) is not { } id) return;
        await WriteMessageAsync(cancelled, _disposed.Token);
        // The SDK sends no answer to a cancelled request, so nobody may wait for one.
        _pending.Answered(id);
    }

    private Task RefuseAsync(McpErrorCode code, string message) =>
        WriteAsync(new JsonRpcError { Id = default, Error = new JsonRpcErrorDetail { Code = (int)code, Message = message } }, _disposed.Token);

    private async Task WriteAsync(JsonRpcMessage message, CancellationToken cancel)
    {
        var line = Line(message);
        await _writing.WaitAsync(cancel);
        try
        {
            // One write per message: whoever reads stdout sees whole lines.
            await _output.WriteAsync(line, cancel);
            await _output.FlushAsync(cancel);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static ReadOnlyMemory<byte> Line(JsonRpcMessage message)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line, Relaxed)) JsonSerializer.Serialize(json, message, MessageType);
        line.Write("\n"u8);
        return line.WrittenMemory;
    }

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
