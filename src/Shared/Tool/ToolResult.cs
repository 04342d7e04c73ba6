using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>What a call of the tool is answered with, in the shape that the tool's contract promises. Immutable; any thread.</summary>
/// <remarks>
/// A value, because asynchronous methods that return a reference are compiled when they first run: the ahead-of-time compiler leaves their
/// state machine's box out (seen with 10.0.12), and a STDIO process pays for it in its first call.
/// </remarks>
public readonly record struct ToolResult
{
    // The text block travels inside another JSON string, which escapes it once more: relaxed escaping here keeps a quote at two
    // bytes there instead of seven, and letters outside ASCII as they are.
    internal static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ReadOnlyMemory<byte> _text;
    private readonly ExecutionResult? _structured;
    private readonly bool _isJson;
    private readonly bool _isError;

    private ToolResult(ReadOnlyMemory<byte> text, ExecutionResult? structured, bool isError) =>
        (_text, _structured, _isJson, _isError) = (text, structured, structured is not null, isError);

    private ToolResult(ReadOnlyMemory<byte> json) => (_text, _isJson) = (json, true);

    /// <summary>A job's result: one text block with the JSON object, and the same object as structured content.</summary>
    /// <remarks>What the code did is never our error; that its worker vanished is.</remarks>
    public static ToolResult From(ExecutionResult result) => new(Write(result), result, result.Status is ExecutionStatus.WorkerLost);

    /// <summary>What a job tool answers: one text block with a JSON object, and the same object as structured content.</summary>
    internal static ToolResult FromJson(ReadOnlyMemory<byte> json) => new(json);

    /// <summary>An error that is not the code's doing, in words that a model can act on.</summary>
    public static ToolResult Error(string message) => new(Encoding.UTF8.GetBytes(message), null, true);

    /// <summary>The answer as the SDK's server takes it.</summary>
    public CallToolResult ToSdk()
    {
        var answer = new CallToolResult { Content = [new TextContentBlock { Text = Encoding.UTF8.GetString(_text.Span) }], IsError = _isError };
        if (_isJson) answer.StructuredContent = JsonElement.Parse(_text.Span);
        return answer;
    }

    /// <summary>Writes the answer as JSON, without the SDK's serializer.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("content");
        json.WriteStartObject();
        json.WriteString("type", "text");
        json.WriteString("text", _text.Span);
        json.WriteEndObject();
        json.WriteEndArray();
        if (_structured is not null)
        {
            json.WritePropertyName("structuredContent");
            Write(json, _structured);
        }
        else if (_isJson)
        {
            json.WritePropertyName("structuredContent");
            JsonElement.Parse(_text.Span).WriteTo(json);
        }
        json.WriteBoolean("isError", _isError);
        json.WriteEndObject();
    }

    /// <summary>The JSON object as UTF-8: <c>returncode</c>, <c>stdout</c>, <c>stderr</c> first and in that order, indented by 2.</summary>
    public static ReadOnlyMemory<byte> Write(ExecutionResult result)
    {
        var buffer = new ArrayBufferWriter<byte>(result.Stdout.Length + result.Stderr.Length + 512);
        using (var json = new Utf8JsonWriter(buffer, Indented)) Write(json, result);
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, ExecutionResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("returncode", result.ReturnCode);
        json.WriteString("stdout", Strip(result.Stdout));
        json.WriteString("stderr", Strip(result.Stderr));
        json.WriteString("status", result.Status.Name());
        json.WriteNumber("duration_ms", Milliseconds(result.Duration));
        json.WriteNumber("install_ms", Milliseconds(result.InstallTime));
        json.WriteNumber("queue_ms", Milliseconds(result.QueueTime));
        json.WriteString("packages_cache", result.PackagesCache switch { PackagesCache.Hit => "hit", PackagesCache.Miss => "miss", _ => "none" });
        if (result.Truncated is { } truncated)
        {
            json.WriteStartObject("truncated");
            json.WriteNumber("stdout_bytes", truncated.StdoutBytes);
            json.WriteNumber("stdout_omitted_bytes", truncated.StdoutOmittedBytes);
            json.WriteNumber("stderr_bytes", truncated.StderrBytes);
            json.WriteNumber("stderr_omitted_bytes", truncated.StderrOmittedBytes);
            json.WriteEndObject();
        }
        if (result.Hint is { } hint) json.WriteString("hint", hint);
        json.WriteEndObject();
    }

    // The reference app answers Python's str.strip(), which also takes the four separators U+001C to U+001F.
    private static ReadOnlySpan<char> Strip(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsPythonSpace(text[start])) start++;
        while (end > start && IsPythonSpace(text[end - 1])) end--;
        return text.AsSpan(start, end - start);
    }

    private static bool IsPythonSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    private static long Milliseconds(TimeSpan time) => (long)Math.Round(time.TotalMilliseconds);
}
