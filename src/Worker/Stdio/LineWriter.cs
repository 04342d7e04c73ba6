using System.Buffers;
using System.Text.Json;
using CodeExec.Shared.Tool;

namespace CodeExec.Worker.Stdio;

/// <summary>Writes messages, one JSON value a line. Any thread.</summary>
internal sealed class LineWriter(Stream output) : MessageWriter, IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);

    /// <inheritdoc/>
    public override Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancel)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(line, Relaxed)) write(json);
        line.Write("\n"u8);
        return WriteLineAsync(line.WrittenMemory, cancel).WaitAsync(cancel);
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    private async Task WriteLineAsync(ReadOnlyMemory<byte> line, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel);
        try
        {
            // One write per message: whoever reads stdout sees whole lines.
            await output.WriteAsync(line, CancellationToken.None);
            await output.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }
}
