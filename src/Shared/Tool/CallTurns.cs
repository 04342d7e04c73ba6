using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Shared.Tool;

/// <summary>Gives each call that reaches an MCP server a turn of its caller, and ends the turn when the call's answer has been written.</summary>
internal static class CallTurns
{
    private const string Item = "codeexec turn";

    /// <summary>Adds it to a server. Nothing that comes after the handler is outside: the SDK writes the answer within its filters.</summary>
    public static void Apply(McpServerOptions options, ICaller caller) => options.Filters.Message.IncomingFilters.Add(next => async (context, cancel) =>
    {
        if (context.JsonRpcMessage is not JsonRpcRequest { Method: RequestMethods.ToolsCall } call)
        {
            await next(context, cancel);
            return;
        }
        using var turn = caller.Expect();
        call.Context ??= new JsonRpcMessageContext();
        (call.Context.Items ??= new Dictionary<string, object?>(StringComparer.Ordinal))[Item] = turn;
        await next(context, cancel);
    });

    /// <summary>The turn of a call; null where callers have no limits.</summary>
    public static ICallTurn? Of(JsonRpcRequest call) => call.Context?.Items is { } items && items.TryGetValue(Item, out var turn) ? (ICallTurn?)turn : null;
}
