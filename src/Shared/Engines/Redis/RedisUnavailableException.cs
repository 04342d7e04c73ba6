namespace CodeExec.Shared.Engines.Redis;

/// <summary>Redis can't be reached or didn't answer in time, or refused for want of memory. It passes; the caller decides whether to wait.</summary>
internal sealed class RedisUnavailableException(string message, bool isFull, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether Redis answered, but holds as much as it may.</summary>
    public bool IsFull { get; } = isFull;
}

/// <summary>Redis can't be used as it is set up: wrong password, too old. Waiting won't help, so the process must not start.</summary>
public sealed class RedisRefusedException(string message) : Exception(message);
