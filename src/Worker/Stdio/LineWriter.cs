using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>Writes messages, one JSON value a line. Any thread.</summary>
internal sealed class LineWriter(Stream output) : IDisposable
{
    // Text travels as it is, not as \u escapes: 300 bytes of Cyrillic would become 1,800. Set on the writer, because options of our own
    // would make the serializer describe every type to itself once more.
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Writes one message.</summary>
    /// <param name="write">Writes its JSON.</param>
    /// <param name="cancel">Ends the wait for a client that doesn't read. What is being written goes on, so that no line is cut.</param>
    public Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancel)
    {
        var line = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(line, Relaxed)) write(json);
        line.Write("\n"u8);
        return WriteLineAsync(line.WrittenMemory, cancel).WaitAsync(cancel);
    }

    /// <summary>Writes the answer to a request.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="writeResult">Writes the result.</param>
    /// <param name="cancel">See <see cref="WriteAsync"/>.</param>
    public Task AnswerAsync(RequestId id, Action<Utf8JsonWriter> writeResult, CancellationToken cancel) => WriteAsync(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            if (id.Id is long number) json.WriteNumber("id", number);
            else json.WriteString("id", (string?)id.Id);
            json.WritePropertyName("result");
            writeResult(json);
            json.WriteEndObject();
        },
        cancel);

    /// <summary>Writes a notification.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="writeParameters">Writes the members of its parameters.</param>
    /// <param name="cancel">See <see cref="WriteAsync"/>.</param>
    public Task NotifyAsync(string method, Action<Utf8JsonWriter> writeParameters, CancellationToken cancel) => WriteAsync(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            json.WriteString("method", method);
            json.WriteStartObject("params");
            writeParameters(json);
            json.WriteEndObject();
            json.WriteEndObject();
        },
        cancel);

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
