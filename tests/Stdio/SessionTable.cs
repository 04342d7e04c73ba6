using CodeExec.Tests.Support;

namespace CodeExec.Tests.Stdio;

/// <summary>Sessions as clients lead them, and as no client should. Each line is sent once the one before it is answered.</summary>
internal static class SessionTable
{
    private const string Hello = """{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tests","version":"1"}}}""";

    /// <summary>What nearly every session consists of: answered without the SDK.</summary>
    public static TheoryData<string, string[]> Plain => new()
    {
        { "revision 2024-11-05", [McpLines.Initialize(0, "2024-11-05"), McpLines.Initialized, McpLines.Call(1, "x")] },
        { "revision 2025-03-26", [McpLines.Initialize(0, "2025-03-26"), McpLines.Initialized, McpLines.Call(1, "x")] },
        { "revision 2025-06-18", [McpLines.Initialize(0, "2025-06-18"), McpLines.Initialized, McpLines.Call(1, "x")] },
        { "revision 2025-11-25", [McpLines.Initialize(0, "2025-11-25"), McpLines.Initialized, McpLines.Call(1, "x")] },
        { "the version of Heroku's examples", [McpLines.Initialize(0, "0.1.0"), McpLines.Initialized, McpLines.Request(1, "tools/list"), McpLines.Call(2, "x")] },
        { "members in another order", ["""{"params":{"clientInfo":{"version":"1","title":"T","name":"tests"},"capabilities":{},"protocolVersion":"2025-06-18"},"method":"initialize","id":0,"jsonrpc":"2.0"}""", McpLines.Call(1, "x")] },
        { "capabilities", [Initialize("""{"roots":{"listChanged":true},"sampling":{},"elicitation":{"form":{},"url":{}},"experimental":{"x":{"y":{}}},"tasks":{}}"""), McpLines.Call(1, "x")] },
        { "no notification of the handshake's end", [Hello, McpLines.Call(1, "x")] },
        { "parameters where none are needed", [Hello, """{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}""", McpLines.Request(1, "ping"), """{"jsonrpc":"2.0","id":2,"method":"ping"}""", """{"jsonrpc":"2.0","id":3,"method":"tools/list"}"""] },
        { "ids", [Hello, Ping("-1"), Ping("9223372036854775807"), Ping("-9223372036854775808"), Ping("\"\""), Ping("\"1\""), Ping("\"ü\\u00fc\\\"\\\\\\n\\ud83d\\udc0d\""), Ping("-0"), Ping("0")] },
        { "escapes in names", [Hello, """{"jsonrpc":"2.0","id":1,"\u006dethod":"\u0070ing"}""", """{ "jsonrpc" : "2.0" , "id" : 2 , "method" : "ping" }"""] },
        { "text", [Hello, McpLines.Call(1, "приве́т 世界 <&'\"> 🐍\u2028\u0001\u007f\ud83d\udc0d\\u0041 \t"), CallRaw(2, """{"code":"\u0041\u00fc\ud83d\udc0d\/\b"}""")] },
        { "packages", [Hello, McpLines.Call(1, "x", null, "B", "a", "A[Y,x]>=1"), CallRaw(2, """{"code":"x","packages":[]}"""), CallRaw(3, """{"code":"x","packages":null}""")] },
        { "arguments that the tool refuses", [Hello, CallRaw(1, "{}"), CallRaw(2, """{"code":7}"""), CallRaw(3, """{"code":null}"""), CallRaw(4, """{"code":""}"""), CallRaw(5, """{"code":"x","timeout":5}"""), CallRaw(6, """{"code":"x","packages":"numpy"}"""), CallRaw(7, """{"code":"x","packages":[{"a":[1]}]}"""), CallRaw(8, """{"code":"\u0000"}""")] },
        { "progress for a text", [Hello, McpLines.Call(1, "chatty", progressToken: "t ü\"")] },
        { "progress for a number", [Hello, CallRaw(1, """{"code":"chatty"}""", """{"progressToken":-7}""")] },
        { "no progress", [Hello, CallRaw(1, """{"code":"chatty"}""", "{}")] },
        { "log messages", [Hello, McpLines.Call(1, "chatty"), Level(2, "info"), McpLines.Call(3, "chatty", progressToken: "t"), Level(4, "debug"), McpLines.Call(5, "chatty"), Level(6, "emergency"), McpLines.Call(7, "chatty")] },
        { "every level", [Hello, Level(1, "notice"), Level(2, "warning"), Level(3, "error"), Level(4, "critical"), Level(5, "alert"), McpLines.Call(6, "chatty")] },
        { "a fault of ours", [Hello, McpLines.Call(1, "refuse"), McpLines.Call(2, "x")] },
        { "a run that ends itself", [Hello, McpLines.Call(1, "leave"), McpLines.Call(2, "x")] },
        { "a lost worker", [Hello, McpLines.Call(1, "lose")] },
        { "much left out", [Hello, McpLines.Call(1, "truncate")] },
        { "a cancelled call", [Hello, McpLines.Call(1, "wait", progressToken: "t"), McpLines.Cancel(1), McpLines.Call(2, "x")] },
        { "a cancelled call of a text", [Hello, Named("\"a\"", "wait"), """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}""", McpLines.Call(2, "x")] },
        { "a cancellation of nothing", [Hello, McpLines.Cancel(99), McpLines.Call(1, "x"), McpLines.Cancel(1), McpLines.Cancel(0), McpLines.Call(2, "x")] },
        { "an id twice, one after the other", [Hello, McpLines.Call(1, "x"), McpLines.Call(1, "y"), McpLines.Request(1, "ping")] },
    };

    /// <summary>What has anything unusual about it: the SDK's to answer.</summary>
    public static TheoryData<string, string[]> Unusual => new()
    {
        { "revision 2026-07-28", [McpLines.Initialize(0, "2026-07-28"), McpLines.Call(1, "x")] },
        { "revision 2026-07-28 without a handshake", [Modern(1, "tools/list", ""), Modern(2, "tools/call", ""","name":"code_exec_python","arguments":{"code":"chatty"}"""), Modern(3, "server/discover", ""), Modern(4, "ping", "")] },
        { "a future revision", [McpLines.Initialize(0, "2099-01-01"), Hello, McpLines.Call(1, "x")] },
        { "a past revision", [McpLines.Initialize(0, "2024-01-01"), McpLines.Call(1, "x")] },
        { "versions that are none", [McpLines.Initialize(0, ""), McpLines.Initialize(1, "latest"), McpLines.Call(2, "x")] },
        { "a call before the handshake", [McpLines.Call(1, "x"), McpLines.Request(2, "tools/list"), McpLines.Request(3, "ping"), Hello, McpLines.Call(4, "x")] },
        { "notifications before the handshake", [McpLines.Initialized, McpLines.Cancel(1), Hello, McpLines.Call(1, "x")] },
        { "two handshakes", [Hello, McpLines.Initialize(1, "2025-03-26"), McpLines.Call(2, "chatty")] },
        { "a handshake without parameters", ["""{"jsonrpc":"2.0","id":0,"method":"initialize"}""", McpLines.Call(1, "x")] },
        { "a handshake with empty parameters", [McpLines.Request(0, "initialize"), McpLines.Call(1, "x")] },
        { "a handshake without capabilities", ["""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","clientInfo":{"name":"tests","version":"1"}}}""", McpLines.Call(1, "x")] },
        { "a handshake without a client", ["""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}}}""", McpLines.Call(1, "x")] },
        { "a client without a version", ["""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"tests"}}}""", McpLines.Call(1, "x")] },
        { "a client with more to tell", ["""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"tests","version":"1","websiteUrl":"https://example.com","icons":[]}}}""", McpLines.Call(1, "x")] },
        { "wrong types in a handshake", [Initialize("""[]"""), Initialize("""{"roots":{"listChanged":"yes"}}"""), Initialize("""{"sampling":true}"""), Initialize("""{},"protocolVersion":7""")] },
        { "unknown members", [Hello, """{"jsonrpc":"2.0","id":1,"method":"ping","more":true}""", """{"jsonrpc":"2.0","id":2,"method":"ping","params":{"more":[1]}}""", McpLines.Request(3, "tools/call", """{"name":"code_exec_python","arguments":{"code":"x"},"more":1}"""), McpLines.Request(4, "tools/list", """{"cursor":"a"}""")] },
        { "no version, or another", [Hello, """{"id":1,"method":"ping"}""", """{"jsonrpc":"1.0","id":2,"method":"ping"}""", """{"jsonrpc":2.0,"id":3,"method":"ping"}""", McpLines.Call(4, "x")] },
        { "odd ids", [Hello, Ping("null"), Ping("1.5"), Ping("1.0"), Ping("1e2"), Ping("9223372036854775808"), Ping("true"), Ping("{}"), Ping("[]"), McpLines.Call(1, "x")] },
        { "a method that is no text", [Hello, """{"jsonrpc":"2.0","id":1,"method":7}""", """{"jsonrpc":"2.0","id":2,"method":null}""", """{"jsonrpc":"2.0","id":3}""", McpLines.Call(4, "x")] },
        { "parameters that are no object", [Hello, McpLines.Request(1, "ping", "[]"), McpLines.Request(2, "ping", "null"), McpLines.Request(3, "tools/list", "7"), McpLines.Request(4, "tools/call", "\"x\""), McpLines.Request(5, "logging/setLevel", "null"), McpLines.Request(6, "tools/call", "null")] },
        { "an unknown method", [Hello, McpLines.Request(1, "tools/none"), McpLines.Request(2, ""), McpLines.Request(3, "Ping"), McpLines.Request(4, "resources/list"), McpLines.Request(5, "prompts/get", """{"name":"x"}"""), McpLines.Call(6, "x")] },
        { "an unknown notification", [Hello, """{"jsonrpc":"2.0","method":"notifications/none"}""", """{"jsonrpc":"2.0","method":"ping"}""", McpLines.Call(1, "x")] },
        { "a request that should be a notification", [Hello, McpLines.Request(1, "notifications/initialized"), McpLines.Request(2, "notifications/cancelled", """{"requestId":1}"""), McpLines.Call(3, "x")] },
        { "a call that should be a request", [Hello, """{"jsonrpc":"2.0","method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"x"}}}""", McpLines.Call(1, "x")] },
        { "an answer that nobody asked for", [Hello, """{"jsonrpc":"2.0","id":7,"result":{}}""", """{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}""", McpLines.Call(1, "x")] },
        { "an unknown tool", [Hello, McpLines.Request(1, "tools/call", """{"name":"run_shell","arguments":{}}"""), McpLines.Request(2, "tools/call", """{"name":7}"""), McpLines.Request(3, "tools/call"), McpLines.Call(4, "x")] },
        { "arguments that are no object", [Hello, CallRaw(1, "null"), CallRaw(2, "[]"), CallRaw(3, "\"x\""), McpLines.Request(4, "tools/call", """{"name":"code_exec_python"}""")] },
        { "other metadata", [Hello, CallRaw(1, """{"code":"chatty"}""", """{"progressToken":"t","example.com/x":{"y":1}}"""), CallRaw(2, """{"code":"chatty"}""", "null"), CallRaw(3, """{"code":"chatty"}""", "[]")] },
        { "odd progress tokens", [Hello, CallRaw(1, """{"code":"chatty"}""", """{"progressToken":null}"""), CallRaw(2, """{"code":"chatty"}""", """{"progressToken":1.5}"""), CallRaw(3, """{"code":"chatty"}""", """{"progressToken":{}}""")] },
        { "odd levels", [Hello, Level(1, "loud"), Level(2, "Info"), McpLines.Request(3, "logging/setLevel"), McpLines.Request(4, "logging/setLevel", """{"level":3}"""), McpLines.Request(5, "logging/setLevel", """{"level":"info","more":1}"""), McpLines.Call(6, "chatty")] },
        { "odd cancellations", [Hello, Cancelled("{}"), Cancelled("[1]"), Cancelled("""{"requestId":[]}"""), Cancelled("""{"requestId":1.5}"""), Cancelled("""{"requestId":"\ud800"}"""), """{"jsonrpc":"2.0","method":"notifications/cancelled"}""", McpLines.Call(1, "x")] },
        { "a call from before the SDK is cancelled after", [Hello, McpLines.Call(1, "wait", progressToken: "t"), McpLines.Request(2, "resources/list"), McpLines.Cancel(1), McpLines.Call(3, "x")] },
        { "names twice", [Hello, """{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}""", CallRaw(3, """{"code":"x","code":"y"}"""), McpLines.Call(4, "x")] },
        { "text that can't be read", [Hello, CallRaw(1, """{"code":"\ud800"}"""), CallRaw(2, """{"code":"x","\udc00":1}"""), McpLines.Request(3, "tools/call", """{"name":"\ud800"}"""), McpLines.Call(4, "x")] },
        { "deep values", [Hello, CallRaw(1, $$"""{"code":"x","deep":{{new string('[', 70)}}{{new string(']', 70)}}}"""), CallRaw(2, $$"""{"code":"x","deep":{{new string('[', 40)}}{{new string(']', 40)}}}"""), McpLines.Call(3, "x")] },
        { "no messages", [Hello, "nonsense", "{}", "[]", "null", "42", "\"x\"", """{"jsonrpc":"2.0","id":7""", $"[{McpLines.Call(1, "x")},{McpLines.Call(2, "x")}]", "// comment", McpLines.Call(1, "x") + ",", McpLines.Call(1, "x")] },
    };

    private static string Initialize(string capabilities) => $$$"""{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{{{capabilities}}},"clientInfo":{"name":"tests","version":"1"} } }""";

    private static string Ping(string id) => $$"""{"jsonrpc":"2.0","id":{{id}},"method":"ping"}""";

    private static string Level(int id, string level) => McpLines.Request(id, "logging/setLevel", $$"""{"level":"{{level}}"}""");

    private static string Cancelled(string parameters) => $$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{parameters}}}""";

    private static string CallRaw(int id, string arguments, string? meta = null) =>
        McpLines.Request(id, "tools/call", $$"""{"name":"code_exec_python","arguments":{{arguments}}{{(meta is null ? "" : $",\"_meta\":{meta}")}} }""");

    private static string Named(string id, string code) =>
        $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"{{{code}}}"},"_meta":{"progressToken":1} } }""";

    private static string Modern(int id, string method, string more) => McpLines.Request(id, method,
        $$$"""{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"tests","version":"1"},"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/logLevel":"info","progressToken":5}{{{more}}} }""");
}
