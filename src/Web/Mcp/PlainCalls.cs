using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Callers;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>
/// Answers calls of the tool without an MCP server of their own, whose beginning and end were a quarter of what this process did for a call
/// (docs/decisions/0017-plain-http-calls.md). It takes a call when there is nothing unusual about it, and judges none. Any thread.
/// </summary>
internal sealed class PlainCalls(CodeExecTool tool, CallerShares shares, WebOptions options)
{
    /// <summary>Reads a request's parameters.</summary>
    /// <returns>Null when it doesn't take the request: it is no call of the tool, the SDK would find something wrong with it, or has more to do with it.</returns>
    public CallToolRequestParams? ParametersOf(JsonRpcRequest request)
    {
        if (options.StdioModeOnly || request.Method != RequestMethods.ToolsCall || request.Context?.ProtocolVersion == ProtocolVersions.WithoutHandshake) return null;
        try
        {
            if (request.Params is not JsonObject members || ServerDefinition.Fault(request) is not null) return null;
            if (members.Any(member => member.Key is not ("name" or "arguments" or "_meta"))) return null;
            var parameters = members.Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo<CallToolRequestParams>());
            // A revision that the request names itself is the SDK's to judge.
            return parameters is { Name: ToolDefinition.Name } && parameters.Meta?.ContainsKey(MetaKeys.ProtocolVersion) != true ? parameters : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException)
        {
            // Of another type, text that can't be read, or two names that are one.
            return null;
        }
    }

    /// <summary>Answers a request that it takes; done when the answer is written.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parameters">What <see cref="ParametersOf"/> gave for it.</param>
    /// <param name="session">Its session; null when there is none.</param>
    /// <param name="caller">Who asks: the name of the key.</param>
    /// <param name="stream">Where the answer goes.</param>
    /// <param name="gone">Cancelled when nobody waits for an answer any more.</param>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more.</exception>
    public async Task AnswerAsync(JsonRpcRequest request, CallToolRequestParams parameters, string? session, string caller, Stream stream, CancellationToken gone)
    {
        // The response starts before the call does anything: routers wait for its first byte.
        await stream.FlushAsync(gone);
        var output = new EventWriter(stream);
        using var turn = shares.Of(caller).Expect();
        var call = new PlainCall(output, request.Id, session, parameters.Arguments)
        {
            Meta = parameters.Meta,
            Caller = caller,
            ProgressToken = parameters.ProgressToken,
            LogLevel = request.Context?.LogLevel,
            Turn = turn,
        };
        var result = await tool.CallAsync(call, gone);
        await output.AnswerAsync(call.Id, result.WriteTo, gone);
    }
}
