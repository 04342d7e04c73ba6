namespace CodeExec.Shared.Engines.Redis;

/// <summary>Why Redis did not do what it was told.</summary>
internal enum RedisFault
{
    /// <summary>It refused, or the command could not be sent: nothing was done.</summary>
    NotDone,

    /// <summary>The same, because it holds as much as it may.</summary>
    Full,

    /// <summary>It did not answer in time, or the connection broke: whether it was done is unknown.</summary>
    Unanswered,
}

/// <summary>Redis can't be reached, didn't answer in time, or refused for now. It passes; the caller decides whether to wait.</summary>
internal sealed class RedisUnavailableException(string message, RedisFault fault, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public RedisFault Fault { get; } = fault;
}

/// <summary>Redis can't be used as it is set up: wrong password, too old. Waiting won't help, so the process must not start.</summary>
public sealed class RedisRefusedException(string message) : Exception(message);
