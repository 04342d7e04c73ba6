using System.Threading.Channels;
using CodeExec.Shared.Jobs;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A job's events on their way from the readers to whoever listens, numbered. Never blocks the readers: its size is bounded because only
/// the beginning of each stream is handed on. Any thread writes; one reads.
/// </summary>
internal sealed class JobEventLog
{
    private readonly Channel<JobEvent> _channel = Channel.CreateUnbounded<JobEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Lock _lock = new();
    private long _sequence;

    /// <summary>Adds an event.</summary>
    public void Add(JobEvent happened) => _channel.Writer.TryWrite(happened);

    /// <summary>Adds a piece of output with the next number.</summary>
    public void Output(OutputStream stream, string text)
    {
        // Both under one lock, so that the numbers are in the order of the events.
        lock (_lock) Add(new OutputChunk(stream, _sequence++, text));
    }

    /// <summary>No event follows.</summary>
    /// <param name="fault">What the listener shall be thrown; null for an ordered end.</param>
    public void Complete(Exception? fault = null) => _channel.Writer.TryComplete(fault);

    /// <summary>The events, to the end. Call once.</summary>
    public IAsyncEnumerable<JobEvent> ReadAllAsync() => _channel.Reader.ReadAllAsync();
}
