using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;

namespace CodeExec.Web.Mcp;

/// <summary>The open SSE sessions of this process. Any thread.</summary>
internal sealed class SseSessions(WebOptions options, CallGate gate)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, SseSession> _open = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>What a client is told whose session isn't here, or isn't its own: the same, so that ids can't be guessed at.</summary>
    public static Refusal NotFound { get; } = new(StatusCodes.Status404NotFound, Refusal.SessionNotFound,
        "Session not found. It ends with its event stream: open GET /sse again and post to the address that it names.");

    /// <summary>Sessions that are open.</summary>
    public int Count { get { lock (_lock) return _open.Count; } }

    /// <summary>Lists a session.</summary>
    /// <returns>Why it can't be opened; null when it is.</returns>
    public Refusal? Add(SseSession session)
    {
        lock (_lock)
        {
            if (_closed || gate.IsClosed) return ShuttingDown;
            if (_open.Count >= options.MaxSseSessions)
                return new Refusal(StatusCodes.Status503ServiceUnavailable, Refusal.RequestRefused,
                    $"{_open.Count} SSE sessions are open; the limit is {options.MaxSseSessions} (MAX_SSE_SESSIONS). Close one, try again later, or use Streamable HTTP at /mcp.")
                {
                    RetryAfter = RetryAfter,
                };
            var share = options.ShareOf(options.MaxSseSessions);
            if (_open.Values.Count(open => open.Caller == session.Caller) >= share)
                return new Refusal(StatusCodes.Status429TooManyRequests, Refusal.RequestRefused,
                    $"{share} SSE sessions of API key \"{session.Caller}\" are open; the limit is {share}, half of MAX_SSE_SESSIONS. Close one, try again later, or use Streamable HTTP at /mcp.")
                {
                    RetryAfter = RetryAfter,
                };
            _open.Add(session.Id, session);
            return null;
        }
    }

    /// <summary>Strikes a session off.</summary>
    public void Remove(SseSession session)
    {
        lock (_lock) _open.Remove(session.Id);
    }

    /// <summary>Finds a session for the caller that opened it.</summary>
    public SseSession? Find(string id, string caller)
    {
        lock (_lock) return _open.TryGetValue(id, out var session) && session.Caller == caller ? session : null;
    }

    /// <summary>Ends all sessions, in order where the client reads, and takes no new ones.</summary>
    /// <param name="limit">How long that may take.</param>
    /// <param name="time">The clock.</param>
    public async Task EndAllAsync(TimeSpan limit, TimeProvider time)
    {
        SseSession[] sessions;
        lock (_lock)
        {
            _closed = true;
            sessions = [.. _open.Values];
        }
        using var timeout = new CancellationTokenSource(limit, time);
        await Task.WhenAll(sessions.Select(session => session.EndAsync(timeout.Token)));
    }

    private static Refusal ShuttingDown { get; } = new(StatusCodes.Status503ServiceUnavailable, Refusal.RequestRefused,
        "The server is shutting down and opens no new session. Try again in a few seconds: another process, or its restart, will answer.")
    {
        RetryAfter = RetryAfter,
    };
}
