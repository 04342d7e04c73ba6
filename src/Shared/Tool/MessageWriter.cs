using System.Text.Encodings.Web;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>Writes JSON-RPC messages without the SDK's serializer, each framed as its transport wants it.</summary>
/// <seealso href="https://www.jsonrpc.org/specification"/>
public abstract class MessageWriter
{
    // Text travels as it is, not as \u escapes: 300 bytes of Cyrillic would become 1,800. Set on the writer, because options of our own
    // would make the serializer describe every type to itself once more.
    /// <summary>How the JSON is written.</summary>
    protected static JsonWriterOptions Relaxed { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one message.</summary>
    /// <param name="write">Writes its JSON.</param>
    /// <param name="cancel">Ends the wait for a client that doesn't read. What is being written goes on, so that no message is cut.</param>
    public abstract Task WriteAsync(Action<Utf8JsonWriter> write, CancellationToken cancel);

    /// <summary>Writes the answer to a request.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="writeResult">Writes the result.</param>
    /// <param name="cancel">See <see cref="WriteAsync"/>.</param>
    public Task AnswerAsync(RequestId id, Action<Utf8JsonWriter> writeResult, CancellationToken cancel) => WriteAsync(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            WriteName(json, "id", id.Id);
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

    /// <summary>Writes a member that is a whole number or a string, as a client gave it: a request's id, or a progress token.</summary>
    internal static void WriteName(Utf8JsonWriter json, string member, object? value)
    {
        if (value is long number) json.WriteNumber(member, number);
        else json.WriteString(member, (string?)value);
    }
}
