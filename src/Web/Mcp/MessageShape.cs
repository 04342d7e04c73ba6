using System.Runtime.InteropServices;
using System.Text.Json;
using CodeExec.Shared.Tool;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>Tells a JSON-RPC message from other JSON, with a reason that its sender can act on.</summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic#messages"/>
internal static class MessageShape
{
    // Each notification of a call repeats its token, and each answer its id: what is long here comes back a thousand times.
    private const int LongestName = 1000;

    /// <summary>Reads one message.</summary>
    public static (JsonRpcMessage? Message, Refusal? Refusal) Read(JsonElement element)
    {
        if (!IsReadable(element)) return (null, Unreadable);
        if (Twin(element) is { } twin)
            return (null, Wrong($"Member {ToolArguments.Quoted(twin)} stands beside one whose name differs by case alone. Send one of the two."));
        if (Fault(element) is { } fault) return (null, Wrong(fault));
        try
        {
            return (element.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonRpcMessage>()), null);
        }
        catch (JsonException)
        {
            return (null, Wrong("The message is not what JSON-RPC 2.0 calls a request, a notification or a response. Check its members."));
        }
    }

    /// <summary>A refusal of a message with text that can't be read.</summary>
    public static Refusal Unreadable { get; } =
        Wrong("The message holds half of a surrogate pair (\\uD800 to \\uDFFF), which no text can hold. Write the character itself, or its whole pair.");

    /// <summary>A refusal of JSON that isn't a usable message.</summary>
    public static Refusal Wrong(string message) => new(StatusCodes.Status400BadRequest, (int)McpErrorCode.InvalidRequest, message);

    // Such text throws where it is first read, which may be anywhere. It can only be spelled as an escape.
    private static bool IsReadable(JsonElement message)
    {
        if (JsonMarshal.GetRawUtf8Value(message).IndexOf("\\u"u8) < 0) return true;
        try
        {
            ReadText(message, Place.Message);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void ReadText(JsonElement value, Place place)
    {
        if (value.ValueKind is JsonValueKind.Array)
            foreach (var item in value.EnumerateArray()) ReadText(item, place);
        else if (value.ValueKind is JsonValueKind.Object)
            foreach (var member in value.EnumerateObject()) ReadText(member.Value, Below(place, member.Name));
        // Of its arguments the tool says itself which one can't be read; their names it has to read for that.
        else if (value.ValueKind is JsonValueKind.String && place is not Place.Arguments)
            value.GetString();
    }

    private static Place Below(Place place, string member) => (place, member) switch
    {
        (Place.Message, "params") => Place.Params,
        (Place.Params, "arguments") or (Place.Arguments, _) => Place.Arguments,
        _ => Place.Elsewhere,
    };

    // The SDK's objects find members whatever their case, and throw at two that are one to them.
    private static string? Twin(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Array) return value.EnumerateArray().Select(Twin).FirstOrDefault(twin => twin is not null);
        if (value.ValueKind is not JsonValueKind.Object) return null;
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in value.EnumerateObject())
        {
            if (!names.Add(member.Name)) return member.Name;
            if (Twin(member.Value) is { } twin) return twin;
        }
        return null;
    }

    private static string? Fault(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object) return "The body is JSON but not an object. Send one JSON-RPC message.";
        if (!message.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || version.GetString() != "2.0")
            return "Member \"jsonrpc\" is missing or isn't \"2.0\". Send a JSON-RPC 2.0 message.";
        var hasId = message.TryGetProperty("id", out var id);
        if (hasId && !IsId(id)) return "Member \"id\" must be a string or a whole number; leave it out for a notification.";
        if (hasId && IsTooLong(id)) return $"Member \"id\" has more than {LongestName} characters; use a number, or a shorter string.";
        if (!message.TryGetProperty("method", out var method))
            return hasId && (message.TryGetProperty("result", out _) || message.TryGetProperty("error", out _))
                ? null
                : "Member \"method\" is missing, and the message is no response either. Name the method.";
        if (method.ValueKind != JsonValueKind.String) return "Member \"method\" must be a string.";
        if (message.TryGetProperty("params", out var parameters) && parameters.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            return "Member \"params\" must be an object, or be left out.";
        if (parameters.ValueKind is JsonValueKind.Object && parameters.TryGetProperty("_meta", out var meta) && meta.ValueKind is JsonValueKind.Object
            && meta.TryGetProperty("progressToken", out var token) && IsTooLong(token))
            return $"params._meta.progressToken has more than {LongestName} characters; use a number, or a shorter string.";
        return null;
    }

    private enum Place { Message, Params, Arguments, Elsewhere }

    private static bool IsTooLong(JsonElement name) => JsonMarshal.GetRawUtf8Value(name).Length > LongestName;

    private static bool IsId(JsonElement id) => id.ValueKind == JsonValueKind.String || (id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out _));
}
