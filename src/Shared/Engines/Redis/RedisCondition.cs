using Microsoft.Extensions.Logging;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>Whether Redis answers and takes what it is told, judged by the commands themselves. Says in the log when it doesn't. Any thread.</summary>
internal sealed partial class RedisCondition(RedisAddress address, TimeProvider time, ILogger log)
{
    // Each call meets the same fault: one line tells.
    private static readonly TimeSpan ToldFor = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private volatile bool _isSilent;
    private long? _toldAt;

    /// <summary>Whether the last that was heard of a command is that it was not answered in time. The connection may stand all the same.</summary>
    public bool IsSilent => _isSilent;

    /// <summary>A command was answered, whatever the answer was.</summary>
    public void Answered()
    {
        if (!_isSilent) return;
        lock (_lock) _isSilent = false;
    }

    /// <summary>A command was not answered in time.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Silent(string what)
    {
        Refused(what);
        lock (_lock)
        {
            var isNew = !_isSilent;
            _isSilent = true;
            return isNew;
        }
    }

    /// <summary>A command was refused, or could not be sent.</summary>
    /// <param name="what">What happened, to which Redis.</param>
    public void Refused(string what)
    {
        lock (_lock)
        {
            if (_toldAt is { } told && time.GetElapsedTime(told) < ToldFor) return;
            _toldAt = time.GetTimestamp();
        }
        LogRefused(what, address);
    }

    [LoggerMessage(505, LogLevel.Warning, "{What} Calls are refused until it does what it is told; said every 10 s at most. Look at Redis ({Address}): is it reachable, its memory (maxmemory) enough, its disk writable?")]
    private partial void LogRefused(string what, RedisAddress address);
}
