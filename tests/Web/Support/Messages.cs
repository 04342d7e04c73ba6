using System.Text.Json.Nodes;

namespace CodeExec.Tests.Web.Support;

/// <summary>The JSON-RPC messages that the tests send.</summary>
internal static class Messages
{
    public const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    private static readonly JsonObject ModernMeta = new()
    {
        ["io.modelcontextprotocol/protocolVersion"] = "2026-07-28",
        ["io.modelcontextprotocol/clientCapabilities"] = new JsonObject(),
    };

    public static string Initialize(string version = "2025-06-18", int id = 1) =>
        Request(id, "initialize", new JsonObject { ["protocolVersion"] = version, ["capabilities"] = new JsonObject(), ["clientInfo"] = new JsonObject { ["name"] = "tests", ["version"] = "1" } });

    public static string Call(int id = 1, string code = "print(4)", string? progressToken = null)
    {
        var parameters = new JsonObject { ["name"] = "code_exec_python", ["arguments"] = new JsonObject { ["code"] = code } };
        if (progressToken is not null) parameters["_meta"] = new JsonObject { ["progressToken"] = progressToken };
        return Request(id, "tools/call", parameters);
    }

    public static string List(int id = 1) => Request(id, "tools/list");

    public static string SetLevel(string level, int id = 1) => Request(id, "logging/setLevel", new JsonObject { ["level"] = level });

    public static string Cancelled(int request) => $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{request}}}}}""";

    public static string Request(int id, string method, JsonObject? parameters = null)
    {
        var request = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method };
        if (parameters is not null) request["params"] = parameters;
        return request.ToJsonString();
    }

    /// <summary>A request in revision 2026-07-28, changed as the test likes.</summary>
    public static string Modern(string method, JsonObject? parameters = null, Action<JsonObject>? meta = null)
    {
        parameters ??= [];
        var modern = ModernMeta.DeepClone().AsObject();
        meta?.Invoke(modern);
        parameters["_meta"] = modern;
        return Request(1, method, parameters);
    }

    public static string ModernCall(Action<JsonObject>? meta = null) =>
        Modern("tools/call", new JsonObject { ["name"] = "code_exec_python", ["arguments"] = new JsonObject { ["code"] = "print(4)" } }, meta);

    /// <summary>The headers that go with it.</summary>
    public static (string, string)[] ModernHeaders(string method, string? name = null) => name is null
        ? [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)]
        : [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", name)];

    /// <summary>What the call printed, from its answer.</summary>
    public static string Stdout(this JsonNode answer) => (string)answer["result"]!["structuredContent"]!["stdout"]!;

    /// <summary>The first text block of a tool's answer.</summary>
    public static string Text(this JsonNode answer) => (string)answer["result"]!["content"]![0]!["text"]!;
}
