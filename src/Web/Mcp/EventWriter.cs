using System.Buffers;
using System.Text.Json;
using CodeExec.Shared.Tool;

namespace CodeExec.Web.Mcp;

/// <summary>Writes messages, each as one event of a stream, one after the other. One thread at a time.</summary>
/// <seealso href="https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"/>
internal sealed class EventWriter(Stream stream) : MessageWriter
{
    private Task _written = Task.CompletedTask;

    /// <inheritdoc/>
    public override Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancel)
    {
        var happened = new ArrayBufferWriter<byte>(1024);
        // JSON without indentation has no line break, which would end the event's data.
        happened.Write("event: message\ndata: "u8);
        using (var json = new Utf8JsonWriter(happened, Relaxed)) write(json);
        happened.Write("\n\n"u8);
        _written = WriteAfterAsync(_written, happened.WrittenMemory);
        return _written.WaitAsync(cancel);
    }

    // The one before may still be under way when whoever waited for it was cancelled.
    private async Task WriteAfterAsync(Task before, ReadOnlyMemory<byte> happened)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stream.WriteAsync(happened, CancellationToken.None);
        await stream.FlushAsync(CancellationToken.None);
    }
}
