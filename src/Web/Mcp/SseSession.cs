using System.Collections.Concurrent;
using CodeExec.Shared.Tool;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Web.Mcp;

/// <summary>
/// One client's event stream and the MCP server behind it. <see cref="RunAsync"/> belongs to the request that opened the stream;
/// the rest may be called from any thread.
/// </summary>
internal sealed class SseSession : IAsyncDisposable
{
    /// <summary>Most requests of one session that wait for an answer: their senders get 202 at once and nothing else would slow them down.</summary>
    public const int MostUnanswered = 256;

    private readonly Lock _lock = new();
    private readonly HttpContext _context;
    private readonly StreamKeepalive _stream;
    private readonly SseResponseStreamTransport _transport;
    private readonly McpServer _server;
    private readonly CancellationTokenSource _end;
    private readonly ConcurrentDictionary<RequestId, bool> _unanswered = new();
    private readonly SemaphoreSlim _answered = new(0);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Prepares a session; nothing is written yet.</summary>
    /// <param name="id">The session's id, which the client finds its way back with.</param>
    /// <param name="caller">The name of the key that opened it.</param>
    /// <param name="context">The request that opened it.</param>
    /// <param name="stream">The response's body.</param>
    /// <param name="definition">What the server offers.</param>
    /// <param name="logs">For the SDK.</param>
    public SseSession(string id, string caller, HttpContext context, StreamKeepalive stream, McpServerOptions definition, ILoggerFactory logs)
    {
        (Id, Caller, _context, _stream) = (id, caller, context, stream);
        definition.Filters.Message.OutgoingFilters.Add(next => async (message, cancel) =>
        {
            var answered = message.JsonRpcMessage is JsonRpcResponse or JsonRpcError ? ((JsonRpcMessageWithId)message.JsonRpcMessage).Id : default(RequestId?);
            // A cancelled request gets no answer, even if its job ended before the SDK heard of it.
            if (answered is { } unwanted && !_unanswered.ContainsKey(unwanted)) return;
            await next(message, cancel);
            if (answered is { } id) Forget(id);
        });
        _end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        _transport = new SseResponseStreamTransport(stream, $"/message?sessionId={id}", id);
        _server = McpServer.Create(_transport, definition, logs, context.RequestServices);
    }

    /// <summary>The session's id.</summary>
    public string Id { get; }

    /// <summary>The name of the key that opened it; nobody else may post to it.</summary>
    public string Caller { get; }

    /// <summary>Serves until the client leaves or <see cref="EndAsync"/> is called. Its calls have ended when it returns.</summary>
    public async Task RunAsync()
    {
        var streaming = _transport.RunAsync(_end.Token);
        var serving = _server.RunAsync(_end.Token);
        await Task.WhenAny(streaming, serving);
        await _end.CancelAsync();
        await Task.WhenAll(streaming, serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // The request, and its context, end right after this; nobody may touch it then.
        lock (_lock) _over.TrySetResult();
    }

    /// <summary>Hands over a message that its client posted.</summary>
    /// <returns>Why it wasn't taken; null when it was.</returns>
    public async Task<Refusal?> ReceiveAsync(JsonRpcMessage message)
    {
        if (message is JsonRpcRequest request)
        {
            if (_unanswered.Count >= MostUnanswered)
                return new Refusal(StatusCodes.Status429TooManyRequests, Refusal.RequestRefused, $"The session has {_unanswered.Count} unanswered requests; the limit is {MostUnanswered}. Wait for answers first.") { Id = request.Id };
            _unanswered[request.Id] = true;
        }
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled && ServerDefinition.CancelledRequest(cancelled) is { } id) Forget(id);
        try
        {
            await _transport.OnMessageReceivedAsync(message, _end.Token);
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The stream ended while the message was under way.
            return SseSessions.NotFound;
        }
        return null;
    }

    /// <summary>Ends the stream from our side: waits for answers under way, says goodbye, closes.</summary>
    /// <param name="limit">How long that may take; then the connection is cut, for a client that doesn't read would hold it for ever.</param>
    public async Task EndAsync(CancellationToken limit)
    {
        try
        {
            while (!_unanswered.IsEmpty) await _answered.WaitAsync(limit);
            await _stream.WriteCommentAsync("the server is shutting down", limit);
            await _end.CancelAsync();
            await _over.Task.WaitAsync(limit);
        }
        catch (Exception)
        {
            // Whatever went wrong, the time or the connection is up, and cutting it is what remains.
            lock (_lock)
            {
                if (!_over.Task.IsCompleted) _context.Abort();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _transport.DisposeAsync();
        _end.Dispose();
    }

    private void Forget(RequestId id)
    {
        if (_unanswered.TryRemove(id, out _)) _answered.Release();
    }
}
