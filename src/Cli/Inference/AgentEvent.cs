using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeExec.Cli.Inference;

/// <summary>One event of an agent's stream. Immutable.</summary>
/// <param name="Kind">The event's name: <c>message</c>, <c>heartbeat</c>, <c>tool.error</c>, <c>agent.error</c>, or one that came later.</param>
/// <param name="Data">Its data; a string when it isn't JSON, null when there is none.</param>
public sealed record AgentEvent(string Kind, JsonNode? Data)
{
    private static readonly string[] Errors = ["tool.error", "agent.error"];

    /// <summary>Reads one event.</summary>
    /// <param name="kind">The stream's own name for it; what the data says it is goes before.</param>
    /// <param name="data">The data as it came.</param>
    public static AgentEvent Read(string kind, string data)
    {
        JsonNode? node;
        try { node = data.Length == 0 ? null : JsonNode.Parse(data); }
        catch (JsonException) { node = JsonValue.Create(data); }
        // Errors come as events of this name, or as messages whose object says so.
        return new AgentEvent(Text((node as JsonObject)?["object"]) is { } named && Errors.Contains(named) ? named : kind, node);
    }

    /// <summary>What the agent says, or a tool's answer; null for neither.</summary>
    public string? Content => Text(Message?["content"]);

    /// <summary>Whether this is a tool's answer.</summary>
    public bool IsToolAnswer => Text((Data as JsonObject)?["object"]) is "tool.completion" || Text(Message?["role"]) is "tool";

    /// <summary>The name of the tool that answered, or that failed.</summary>
    public string ToolName => Text(Message?["name"]) ?? Text((Data as JsonObject)?["name"]) ?? Text((Data as JsonObject)?["id"]) ?? "unnamed";

    /// <summary>The calls that the agent wants made: each tool's name and its arguments as JSON.</summary>
    public IEnumerable<(string Name, string Arguments)> ToolCalls =>
        from call in Message?["tool_calls"] as JsonArray ?? []
        let function = (call as JsonObject)?["function"] as JsonObject
        where function is not null
        select (Text(function["name"]) ?? "unnamed", Text(function["arguments"]) ?? "{}");

    /// <summary>What an error event says.</summary>
    public string Fault => Text((Data as JsonObject)?["error"]) ?? Text((Data as JsonObject)?["message"]) ?? Data?.ToJsonString(Mcp.JsonText.OneLine) ?? "no reason was given";

    private JsonObject? Message => (Data as JsonObject)?["choices"] is JsonArray { Count: > 0 } choices ? (choices[0] as JsonObject)?["message"] as JsonObject : null;

    internal static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
