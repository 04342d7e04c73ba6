using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>Checks what a POST to <c>/mcp</c> says about itself, in its headers and its body, in the order the revisions ask for.</summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2026-07-28/basic/transports"/>
internal static class RequestChecks
{
    private const int BadRequest = StatusCodes.Status400BadRequest;

    // 2026-07-28 has neither a handshake nor anything that a server would have to remember between two requests.
    private static readonly string[] RemovedMethods =
    [
        RequestMethods.Initialize, RequestMethods.Ping, RequestMethods.LoggingSetLevel,
        RequestMethods.ResourcesSubscribe, RequestMethods.ResourcesUnsubscribe,
    ];

    /// <summary>Whether a request is written in the revision without handshake.</summary>
    public static bool IsWithoutHandshake(HttpRequest request) => request.Headers[McpHeaders.ProtocolVersion] == ProtocolVersions.WithoutHandshake;

    /// <summary>Checks one POST.</summary>
    /// <returns>Why it can't be served; null when it can.</returns>
    public static Refusal? Check(HttpRequest request, PostedMessages posted)
    {
        var refusal = AcceptHeader.CheckPost(request) ?? CheckVersion(request, posted) ?? CheckBatch(request, posted);
        if (refusal is null && posted.Messages[0] is JsonRpcRequest single)
            refusal = IsWithoutHandshake(request) ? CheckWithoutHandshake(request, single) : CheckWithHandshake(request, single);
        return refusal is null ? null : refusal with { Id = posted.Id };
    }

    private static Refusal? CheckVersion(HttpRequest request, PostedMessages posted)
    {
        var header = request.Headers[McpHeaders.ProtocolVersion];
        if (header.Count == 0) return null;
        if (header.Count == 1 && ProtocolVersions.IsKnown(header[0]!)) return null;
        return new Refusal(BadRequest, (int)McpErrorCode.UnsupportedProtocolVersion,
            $"MCP-Protocol-Version \"{header}\" is not spoken here. Use {string.Join(" or ", ProtocolVersions.Advertised)}, or start with initialize.")
        {
            Details = new JsonObject
            {
                ["supported"] = new JsonArray([.. ProtocolVersions.Advertised.Select(version => JsonValue.Create(version))]),
                ["requested"] = header.ToString(),
            },
        };
    }

    private static Refusal? CheckBatch(HttpRequest request, PostedMessages posted)
    {
        var header = request.Headers[McpHeaders.ProtocolVersion];
        if (!posted.IsBatch || header.Count == 0 || header == ProtocolVersions.WithBatches) return null;
        return MessageShape.Wrong($"The body is an array, but MCP-Protocol-Version {header} has no batches. Send one message per request.");
    }

    private static Refusal? CheckWithHandshake(HttpRequest request, JsonRpcRequest message)
    {
        if (Meta(message) is { } meta && TextOf(meta[MetaKeys.ProtocolVersion]) == ProtocolVersions.WithoutHandshake)
            return Mismatch($"The body's _meta says revision {ProtocolVersions.WithoutHandshake}, but header {McpHeaders.ProtocolVersion} doesn't. Send the same in both.");
        var header = request.Headers[McpHeaders.ProtocolVersion];
        if (message.Method == RequestMethods.Initialize && header.Count > 0 && TextOf((message.Params as JsonObject)?["protocolVersion"]) is { } version && header != version)
            return Mismatch($"Header {McpHeaders.ProtocolVersion} is {header} and initialize asks for \"{version}\". Send the same in both, or no header with initialize.");
        return null;
    }

    private static Refusal? CheckWithoutHandshake(HttpRequest request, JsonRpcRequest message)
    {
        if (RemovedMethods.Contains(message.Method, StringComparer.Ordinal))
            return new Refusal(StatusCodes.Status404NotFound, (int)McpErrorCode.MethodNotFound, $"Revision {ProtocolVersions.WithoutHandshake} has no method \"{message.Method}\".");
        return CheckMeta(message) ?? CheckRoutingHeaders(request, message);
    }

    private static Refusal? CheckMeta(JsonRpcRequest message)
    {
        var meta = Meta(message);
        if (TextOf(meta?[MetaKeys.ProtocolVersion]) is not { } version)
            return new Refusal(BadRequest, (int)McpErrorCode.InvalidParams, $"params._meta[\"{MetaKeys.ProtocolVersion}\"] is missing. Send \"{ProtocolVersions.WithoutHandshake}\".");
        if (version != ProtocolVersions.WithoutHandshake)
            return Mismatch($"Header {McpHeaders.ProtocolVersion} is {ProtocolVersions.WithoutHandshake} and params._meta says \"{version}\". Send the same in both.");
        if (meta?[MetaKeys.ClientCapabilities] is not JsonObject)
            return new Refusal(BadRequest, (int)McpErrorCode.InvalidParams, $"params._meta[\"{MetaKeys.ClientCapabilities}\"] is missing or not an object. Send {{}} when the client has none.");
        return null;
    }

    private static Refusal? CheckRoutingHeaders(HttpRequest request, JsonRpcRequest message)
    {
        var method = request.Headers[McpHeaders.Method];
        if (method.Count != 1 || method[0] != message.Method)
            return Mismatch($"Header {McpHeaders.Method} is {Shown(method)} and the body's method is \"{message.Method}\". Send the same in both.");
        var named = message.Method switch
        {
            RequestMethods.ToolsCall or RequestMethods.PromptsGet => "name",
            RequestMethods.ResourcesRead => "uri",
            _ => null,
        };
        if (named is null) return null;
        if (TextOf((message.Params as JsonObject)?[named]) is not { } name)
            return new Refusal(BadRequest, (int)McpErrorCode.InvalidParams, $"params.{named} is missing or not a string; {message.Method} needs it.");
        var header = request.Headers[McpHeaders.Name];
        if (header.Count != 1 || !IsPlain(header[0]!) || McpHeaderEncoder.DecodeValue(header[0]) != name)
            return Mismatch($"Header {McpHeaders.Name} is {Shown(header)} and params.{named} is another. Send the same in both; what a header can't hold goes as =?base64?...?=.");
        return null;
    }

    private static Refusal Mismatch(string message) => new(BadRequest, (int)McpErrorCode.HeaderMismatch, message);

    private static JsonObject? Meta(JsonRpcRequest message) => (message.Params as JsonObject)?["_meta"] as JsonObject;

    private static string? TextOf(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    // Header text beyond visible ASCII is read differently by different routers (RFC 9110, 5.5), so it can't be compared.
    private static bool IsPlain(string value) => value.All(c => c is (>= ' ' and <= '~') or '\t');

    private static string Shown(Microsoft.Extensions.Primitives.StringValues header) => header.Count == 0 ? "missing" : $"\"{header}\"";
}
