using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>Puts a job's result, or an error, into the shape that the tool's contract promises.</summary>
public static class ToolResult
{
    // The text block travels inside another JSON string, which escapes it once more: relaxed escaping here keeps a quote at two
    // bytes there instead of seven, and letters outside ASCII as they are.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A job's result: one text block with the JSON object, and the same object as structured content.</summary>
    public static CallToolResult From(ExecutionResult result)
    {
        var json = Write(result);
        using var document = JsonDocument.Parse(json);
        return new CallToolResult
        {
            Content = [new TextContentBlock { Text = Encoding.UTF8.GetString(json.Span) }],
            StructuredContent = document.RootElement.Clone(),
            // What the code did is never our error; that its worker vanished is.
            IsError = result.Status is ExecutionStatus.WorkerLost,
        };
    }

    /// <summary>An error that is not the code's doing, in words that a model can act on.</summary>
    public static CallToolResult Error(string message) => new() { Content = [new TextContentBlock { Text = message }], IsError = true };

    /// <summary>The JSON object as UTF-8: <c>returncode</c>, <c>stdout</c>, <c>stderr</c> first and in that order, indented by 2.</summary>
    public static ReadOnlyMemory<byte> Write(ExecutionResult result)
    {
        var buffer = new ArrayBufferWriter<byte>(result.Stdout.Length + result.Stderr.Length + 512);
        using var json = new Utf8JsonWriter(buffer, Indented);
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
        json.Flush();
        return buffer.WrittenMemory;
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
