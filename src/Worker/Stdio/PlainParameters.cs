using System.Text.Json;
using CodeExec.Shared.Tool;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// The parameters of the methods that nearly every session consists of, as far as there is nothing unusual about them: every member is
/// known and of its type. For anything else the answer is null, or false, and the SDK has a look.
/// </summary>
internal static class PlainParameters
{
    // Newest last. A past or made-up version, such as the "0.1.0" of Heroku's examples, gets the newest that has a handshake.
    private static readonly string[] Revisions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

    /// <summary>A whole number or a string.</summary>
    public static RequestId? Id(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new RequestId(value.GetString()!),
        JsonValueKind.Number when value.TryGetInt64(out var number) => new RequestId(number),
        _ => null,
    };

    /// <summary>Whether there are none.</summary>
    public static bool None(JsonElement parameters) => parameters.ValueKind is JsonValueKind.Undefined || !parameters.EnumerateObject().Any();

    /// <summary>Those of <c>initialize</c>: the revision to answer with, and what the client calls itself.</summary>
    public static (string Revision, string ClientName)? Handshake(JsonElement parameters)
    {
        if (!Holds(parameters, "protocolVersion", "capabilities", "clientInfo") || Text(parameters, "protocolVersion") is not { } wanted) return null;
        var revision = wanted == "0.1.0" ? Revisions[^1] : Array.Find(Revisions, known => known == wanted);
        if (revision is null || !parameters.TryGetProperty("capabilities", out var capabilities) || !AreCapabilities(capabilities)) return null;
        if (!parameters.TryGetProperty("clientInfo", out var client) || !Holds(client, "name", "version", "title")) return null;
        if (Text(client, "name") is not { } name || Text(client, "version") is null) return null;
        return client.TryGetProperty("title", out var title) && title.ValueKind is not JsonValueKind.String ? null : (revision, name);
    }

    /// <summary>Those of a <c>tools/call</c> of our tool: its arguments, and its progress token when it has one.</summary>
    public static (Dictionary<string, JsonElement> Arguments, ProgressToken? ProgressToken)? Call(JsonElement parameters)
    {
        if (!Holds(parameters, "name", "arguments", "_meta") || Text(parameters, "name") is not ToolDefinition.Name) return null;
        if (!parameters.TryGetProperty("arguments", out var arguments) || arguments.ValueKind is not JsonValueKind.Object) return null;
        ProgressToken? token = null;
        if (parameters.TryGetProperty("_meta", out var meta) && meta.ValueKind is not JsonValueKind.Null)
        {
            if (!Holds(meta, "progressToken")) return null;
            if (meta.TryGetProperty("progressToken", out var given))
            {
                if (Id(given) is not { } name) return null;
                token = name.Id is long number ? new ProgressToken(number) : new ProgressToken((string)name.Id!);
            }
        }
        return (arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => argument.Value, StringComparer.Ordinal), token);
    }

    /// <summary>That of <c>logging/setLevel</c>.</summary>
    public static LoggingLevel? Level(JsonElement parameters) =>
        Holds(parameters, "level") && Text(parameters, "level") is { } name ? ServerDefinition.Level(name) : null;

    /// <summary>Those of <c>notifications/cancelled</c>: the request that is meant.</summary>
    public static RequestId? Cancelled(JsonElement parameters)
    {
        if (!Holds(parameters, "requestId", "reason") || !parameters.TryGetProperty("requestId", out var id)) return null;
        return parameters.TryGetProperty("reason", out var reason) && reason.ValueKind is not JsonValueKind.String ? null : Id(id);
    }

    private static bool Holds(JsonElement value, params ReadOnlySpan<string> names)
    {
        if (value.ValueKind is not JsonValueKind.Object) return false;
        foreach (var member in value.EnumerateObject())
            if (!names.Contains(member.Name))
                return false;
        return true;
    }

    private static string? Text(JsonElement value, string name) =>
        value.TryGetProperty(name, out var member) && member.ValueKind is JsonValueKind.String ? member.GetString() : null;

    // None of them changes what this server does. By the specification they are objects within objects, but for one flag.
    private static bool AreCapabilities(JsonElement value)
    {
        if (value.ValueKind is not JsonValueKind.Object) return false;
        foreach (var member in value.EnumerateObject())
            if (!(member.Name is "listChanged" ? member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False : AreCapabilities(member.Value)))
                return false;
        return true;
    }
}
