using System.Reflection;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Shared.Tool;

/// <summary>The MCP server around the tool, the same for every transport: who it is, what it can do, who handles what.</summary>
public static class ServerDefinition
{
    /// <summary>The server's name for programs.</summary>
    public const string Name = "codeexec";

    /// <summary>The server's name for people.</summary>
    public const string Title = "CodeExec";

    /// <summary>What a model is told about the server.</summary>
    public const string Instructions = "Runs Python code in a fresh process per call, with packages from the package index.";

    /// <summary>How long clients may keep the list of tools: it only changes with a new release or other settings.</summary>
    public static TimeSpan ToolsTimeToLive { get; } = TimeSpan.FromMinutes(5);

    /// <summary>This build's version, as clients and operators see it.</summary>
    public static string Version { get; } =
        typeof(ServerDefinition).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>What an MCP session is created from.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="calls">Where calls under way are listed.</param>
    /// <param name="caller">Whose calls it answers; null over STDIO, where nobody shares the service.</param>
    /// <param name="session">The session's id; null when the transport has none.</param>
    /// <param name="offersTool">False: the tool is neither listed nor callable (STDIO_MODE_ONLY).</param>
    public static McpServerOptions Create(CodeExecTool tool, RunningCalls calls, ICaller? caller, string? session, bool offersTool = true)
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = Name, Title = Title, Version = Version },
            ServerInstructions = offersTool ? Instructions : "This server offers its tool over STDIO only.",
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability(), Logging = new LoggingCapability() },
            // No dependency injection behind the handlers, so a scope per request would only cost.
            ScopeRequests = false,
        };
        options.Handlers.ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult
        {
            Tools = !offersTool ? [] : tool.Jobs is null ? [tool.Definition] : [tool.Definition, .. JobTools.Definitions],
            TimeToLive = ToolsTimeToLive,
            CacheScope = CacheScope.Public,
        });
        options.Handlers.CallToolHandler = async (request, cancel) => request.Params?.Name switch
        {
            ToolDefinition.Name when offersTool => (await tool.CallAsync(new SdkToolCall(request, session, caller), cancel)).ToSdk(),
            { } name when offersTool && tool.Jobs is not null && JobTools.Has(name) =>
                (await tool.Jobs.CallAsync(name, request.Params.Arguments, caller?.Name ?? IToolCall.LocalCaller, CallTurns.Of(request.JsonRpcRequest), cancel)).ToSdk(),
            ToolDefinition.Name => throw new McpProtocolException(
                $"Tool \"{ToolDefinition.Name}\" is offered over STDIO only (STDIO_MODE_ONLY is true). Unset that setting to call it over HTTP.", McpErrorCode.InvalidParams),
            var name => throw new McpProtocolException($"Unknown tool \"{name}\". {Offered(tool, offersTool)}", McpErrorCode.InvalidParams),
        };
        if (caller is not null) CallTurns.Apply(options, caller);
        // The SDK answers what it can't deserialize with "An error occurred."; these are easy to get wrong and easy to name.
        options.Filters.Message.IncomingFilters.Add(next => (context, cancel) =>
            Fault(context.JsonRpcMessage) is { } fault ? throw new McpProtocolException(fault, McpErrorCode.InvalidParams) : next(context, cancel));
        if (session is not null) options.Filters.Message.IncomingFilters.Add(next => (context, cancel) =>
        {
            if (context.JsonRpcMessage is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } notification
                && CancelledRequest(notification) is { } request)
                calls.Cancel(session, request);
            return next(context, cancel);
        });
        return options;
    }

    /// <summary>The level that a <c>logging/setLevel</c> asks for; null when it names none.</summary>
    public static LoggingLevel? RequestedLevel(JsonRpcRequest request) =>
        Text(request, "level") is { } name ? Level(name) : null;

    /// <summary>The level of that name; null when there is none.</summary>
    public static LoggingLevel? Level(string name) => Array.IndexOf(LevelNames, name) is >= 0 and var level ? (LoggingLevel)level : null;

    /// <summary>The name of a level, as it travels.</summary>
    public static string LevelName(LoggingLevel level) => LevelNames[(int)level];

    // In the order of the enumeration.
    private static readonly string[] LevelNames = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    private static string Offered(CodeExecTool tool, bool offersTool) => (offersTool, tool.Jobs) switch
    {
        (false, _) => "Over HTTP this server offers none (STDIO_MODE_ONLY is true).",
        (_, null) => $"The tool is called \"{ToolDefinition.Name}\".",
        _ => $"The tools are called \"{ToolDefinition.Name}\", \"{JobToolDefinitions.Status}\", \"{JobToolDefinitions.Result}\" and \"{JobToolDefinitions.Cancel}\".",
    };

    /// <summary>What is wrong with a request that the SDK would answer with "An error occurred."; null when nothing is.</summary>
    public static string? Fault(JsonRpcMessage message) => message switch
    {
        JsonRpcRequest { Method: RequestMethods.ToolsCall } call when Text(call, "name") is null =>
            $"params.name is missing or not a string. Name the tool: \"{ToolDefinition.Name}\".",
        JsonRpcRequest { Method: RequestMethods.ToolsCall } call => ToolArguments.Unreadable((call.Params as JsonObject)?["arguments"]),
        JsonRpcRequest { Method: RequestMethods.LoggingSetLevel } wish when RequestedLevel(wish) is null =>
            $"params.level is missing or unknown. Send one of {string.Join(", ", LevelNames)}.",
        _ => null,
    };

    private static string? Text(JsonRpcRequest request, string member) =>
        (request.Params as JsonObject)?[member] is JsonValue value && ToolArguments.IsReadable(value) && value.TryGetValue(out string? text) ? text : null;

    /// <summary>The request that a <c>notifications/cancelled</c> names; null when it names none.</summary>
    public static RequestId? CancelledRequest(JsonRpcNotification notification) =>
        (notification.Params as JsonObject)?["requestId"] switch
        {
            { } broken when !ToolArguments.IsReadable(broken) => null,
            JsonValue id when id.TryGetValue(out string? text) => new RequestId(text),
            JsonValue id when id.TryGetValue(out long number) => new RequestId(number),
            _ => null,
        };
}
