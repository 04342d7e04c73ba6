using System.Text.Json;
using System.Text.Unicode;
using CodeExec.Shared.Tool;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// A message without anything unusual about it: a request or a notification with members that are known, each once and of its type, and
/// with text that can be read. What is wrong with any other message is not judged here: the SDK does that.
/// </summary>
/// <param name="Id">A request's id; null for a notification.</param>
/// <param name="Method">The method.</param>
/// <param name="Params">The parameters: an object, or undefined when there were none.</param>
internal readonly record struct PlainMessage(RequestId? Id, string Method, JsonElement Params)
{
    private static readonly JsonDocumentOptions EachNameOnce = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a line.</summary>
    /// <returns>Null when it is anything else.</returns>
    public static PlainMessage? Read(ReadOnlySpan<byte> line)
    {
        try
        {
            if (!Utf8.IsValid(line)) return null;
            var message = JsonElement.Parse(line, EachNameOnce);
            if (message.ValueKind != JsonValueKind.Object || !ToolArguments.IsReadable(message)) return null;
            var (versioned, id, method, parameters) = (false, (RequestId?)null, (string?)null, default(JsonElement));
            foreach (var member in message.EnumerateObject())
            {
                switch (member.Name)
                {
                    case "jsonrpc" when member.Value.ValueKind is JsonValueKind.String && member.Value.ValueEquals("2.0"):
                        versioned = true;
                        break;
                    case "id" when PlainParameters.Id(member.Value) is { } given:
                        id = given;
                        break;
                    case "method" when member.Value.ValueKind is JsonValueKind.String:
                        method = member.Value.GetString();
                        break;
                    case "params" when member.Value.ValueKind is JsonValueKind.Object:
                        parameters = member.Value;
                        break;
                    default:
                        return null;
                }
            }
            return versioned && method is not null ? new PlainMessage(id, method, parameters) : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No JSON, a name twice, or a name that is no text.
            return null;
        }
    }
}
