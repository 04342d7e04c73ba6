using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>
/// The log level that each Streamable HTTP session asked for with <c>logging/setLevel</c>, since no server outlives a request that
/// could remember it. Holds the latest <paramref name="most"/> sessions of this process alone: a session that falls out, or whose
/// next request reaches another process, gets no log notifications until it asks again. Any thread.
/// </summary>
/// <param name="most">How many sessions are remembered.</param>
internal sealed class SessionLogLevels(int most = 10_000)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LoggingLevel> _levels = new(StringComparer.Ordinal);
    private readonly Queue<string> _oldestFirst = new();

    /// <summary>Remembers a level in place of an earlier one.</summary>
    public void Set(string session, LoggingLevel level)
    {
        lock (_lock)
        {
            if (!_levels.ContainsKey(session))
            {
                if (_levels.Count == most) _levels.Remove(_oldestFirst.Dequeue());
                _oldestFirst.Enqueue(session);
            }
            _levels[session] = level;
        }
    }

    /// <summary>What a session asked for; null when it didn't.</summary>
    public LoggingLevel? Find(string session)
    {
        lock (_lock) return _levels.TryGetValue(session, out var level) ? level : null;
    }
}
