using System.Collections.Concurrent;
using CodeExec.Shared.Tool;
using CodeExec.Web.Callers;
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
    private readonly ConcurrentDictionary<RequestId, Unanswered> _unanswered = new();
    private int _refusing;
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
        // The outermost, so that no other can leave a cancelled request listed.
        definition.Filters.Message.IncomingFilters.Insert(0, next => async (message, cancel) =>
        {
            try
            {
                await next(message, cancel);
            }
            finally
            {
                if (message.JsonRpcMessage is JsonRpcRequest { Id: var ended } && _unanswered.TryGetValue(ended, out var request) && request.IsCancelled) Forget(ended);
            }
        });
        definition.Filters.Message.OutgoingFilters.Add(next => async (message, cancel) =>
        {
            var answered = message.JsonRpcMessage is JsonRpcResponse or JsonRpcError ? ((JsonRpcMessageWithId)message.JsonRpcMessage).Id : default(RequestId?);
            // A cancelled request gets no answer, even if its job ended before the SDK heard of it.
            if (answered is not { } id || (_unanswered.TryGetValue(id, out var request) && !request.IsCancelled)) await next(message, cancel);
            if (answered is { } done) Forget(done);
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
    /// <param name="message">The message.</param>
    /// <param name="held">What it holds of the process's memory: a request's is the session's until the answer is written.</param>
    /// <returns>Why it wasn't taken; null when it was.</returns>
    public async Task<Refusal?> ReceiveAsync(JsonRpcMessage message, RequestMemory.Part held)
    {
        if (message is JsonRpcRequest request && List(request.Id, held) is { } refusal) return refusal;
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled && ServerDefinition.CancelledRequest(cancelled) is { } id
            && _unanswered.TryGetValue(id, out var unwanted)) unwanted.IsCancelled = true;
        try
        {
            await _transport.OnMessageReceivedAsync(message, _end.Token);
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The stream ended while the message was under way.
            if (message is JsonRpcRequest lost) Forget(lost.Id);
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
        foreach (var id in _unanswered.Keys) Forget(id);
        _end.Dispose();
    }

    // Two requests with one id could not be told apart, and would count as one.
    private Refusal? List(RequestId id, RequestMemory.Part held)
    {
        if (_unanswered.Count >= MostUnanswered)
            return new Refusal(StatusCodes.Status429TooManyRequests, Refusal.RequestRefused, $"The session has {_unanswered.Count} unanswered requests; the limit is {MostUnanswered}. Wait for answers first.") { RetryAfter = TimeSpan.FromSeconds(1) };
        var request = new Unanswered();
        if (!_unanswered.TryAdd(id, request)) return MessageShape.Wrong($"The session has an unanswered request with id {id} already. Give each request its own id.");
        request.Held = held.Move();
        return null;
    }

    /// <summary>Answers a request that wasn't taken, when nobody waits for the refusal: it came by way of another process.</summary>
    public async Task RefuseAsync(RequestId id, Refusal refusal)
    {
        // One at a time: of a client that doesn't read, they would pile up.
        if (Interlocked.Exchange(ref _refusing, 1) == 1) return;
        try
        {
            await _transport.SendMessageAsync(new JsonRpcError { Id = id, Error = new JsonRpcErrorDetail { Code = refusal.Code, Message = refusal.Message } }, _end.Token);
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The stream ended, and with it whoever would read this.
        }
        finally
        {
            Volatile.Write(ref _refusing, 0);
        }
    }

    private void Forget(RequestId id)
    {
        if (!_unanswered.TryRemove(id, out var request)) return;
        request.Held?.Dispose();
        _answered.Release();
    }

    /// <summary>A request between its arrival and the moment when its answer is written.</summary>
    private sealed class Unanswered
    {
        private volatile bool _isCancelled;

        /// <summary>What it holds of the process's memory.</summary>
        public RequestMemory.Part? Held { get; set; }

        /// <summary>Whether the client takes no interest any more: it gets no answer.</summary>
        public bool IsCancelled { get => _isCancelled; set => _isCancelled = value; }
    }
}
