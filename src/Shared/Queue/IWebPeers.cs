namespace CodeExec.Shared.Queue;

/// <summary>
/// How web processes reach each other: behind a router that picks at random, what belongs to a client's stream may land on a process that
/// doesn't hold it. Any thread. Messages may get lost.
/// </summary>
public interface IWebPeers
{
    /// <summary>This process's name among its peers.</summary>
    string Name { get; }

    /// <summary>Listens for messages to this process, and to all. One at a time, in order; must not block.</summary>
    Task ListenAsync(Action<byte[]> received);

    /// <summary>Hands a message to one process.</summary>
    /// <returns>Whether a process with this name is there.</returns>
    /// <exception cref="Running.RunnerException">The queue can't be reached.</exception>
    Task<bool> SendAsync(string peer, byte[] message);

    /// <summary>Hands a message to every process, this one included. Returns at once.</summary>
    void SendToAll(byte[] message);
}
