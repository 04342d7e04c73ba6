using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>Why a request isn't served, as the HTTP status and the JSON-RPC error that its sender gets. Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">The JSON-RPC error code.</param>
/// <param name="Message">What happened and what to do; goes to the sender as it is, so it never holds a key.</param>
/// <seealso href="https://www.jsonrpc.org/specification#error_object"/>
internal sealed record Refusal(int Status, int Code, string Message)
{
    /// <summary>For refusals of the HTTP request as such; from JSON-RPC's range for implementations.</summary>
    public const int RequestRefused = -32000;

    /// <summary>The session is unknown; clients answer it by starting a new one.</summary>
    public const int SessionNotFound = -32001;

    /// <summary>The id of the request that is refused; null when it isn't known, or there are several.</summary>
    public RequestId? Id { get; init; }

    /// <summary>What the error's <c>data</c> holds; null leaves it out.</summary>
    public JsonNode? Details { get; init; }

    /// <summary>When the same request may be served; null says nothing of it.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Sends the refusal. The response must not have started.</summary>
    public async Task WriteAsync(HttpResponse response)
    {
        var answer = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = Id is { } id ? JsonSerializer.SerializeToNode(id, McpJsonUtilities.DefaultOptions.GetTypeInfo<RequestId>()) : null,
            ["error"] = new JsonObject { ["code"] = Code, ["message"] = Message },
        };
        if (Details is not null) answer["error"]!["data"] = Details.DeepClone();
        response.StatusCode = Status;
        if (RetryAfter is { } wait) response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        response.ContentType = "application/json";
        await response.WriteAsync(answer.ToJsonString(McpJsonUtilities.DefaultOptions), response.HttpContext.RequestAborted);
    }
}
