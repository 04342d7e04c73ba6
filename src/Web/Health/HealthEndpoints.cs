using System.Text.Json.Nodes;
using CodeExec.Shared.Running;
using CodeExec.Shared.Tool;
using CodeExec.Web.Auth;
using CodeExec.Web.Callers;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Web.Health;

/// <summary>
/// What anybody may ask without a key: whether the service is well, and what it is. Who asks with a key is also told what each key has of it.
/// </summary>
internal static class HealthEndpoints
{
    private static readonly string About = $"""
        CodeExec {ServerDefinition.Version}: an MCP server that runs Python code for AI agents.

        Streamable HTTP  POST /mcp
        HTTP with SSE    GET /sse
        Health           GET /health

        Where the operator set a key, send it as "Authorization: Bearer <key>".

        """;

    /// <summary>Adds <c>GET /health</c> and <c>GET /</c>.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var gate = routes.ServiceProvider.GetRequiredService<CallGate>();
        var parts = routes.ServiceProvider.GetRequiredService<WebParts>();
        var keys = routes.ServiceProvider.GetRequiredService<ApiKeyCheck>();
        var shares = routes.ServiceProvider.GetRequiredService<CallerShares>();
        routes.MapGet("/health", (HttpContext context) => WriteAsync(context.Response, parts, gate.IsClosed, keys.Knows(context.Request) ? shares : null)).AllowAnonymous();
        routes.MapGet("/", () => TypedResults.Text(About)).AllowAnonymous();
    }

    // 503 makes a load balancer look elsewhere while running calls come to their end here.
    private static Task WriteAsync(HttpResponse response, WebParts parts, bool stopping, CallerShares? shares)
    {
        var load = parts.Load();
        var report = new JsonObject
        {
            ["status"] = stopping ? "stopping" : load.QueueConnected is false ? "queue_unreachable" : "ok",
            ["version"] = ServerDefinition.Version,
            ["mode"] = parts.Mode,
        };
        // What doesn't apply in this mode is left out, rather than shown as nothing.
        if (load.Running is { } running) report["running"] = running;
        if (load.Waiting is { } waiting) report["waiting"] = waiting;
        if (load.Slots is { } slots) report["slots"] = slots;
        if (load.UnderWay is { } underWay) report["under_way"] = underWay;
        if (load.QueueConnected is { } connected) report["queue_connected"] = connected;
        if (shares is not null) report["callers"] = Callers(shares);
        if (load.Sandbox is { } layers) report["sandbox"] = new JsonObject(layers.Select(finding => KeyValuePair.Create(finding.Layer.Name, (JsonNode?)Word(finding.State))));
        response.StatusCode = stopping ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        response.ContentType = "application/json";
        return response.WriteAsync(report.ToJsonString(), response.HttpContext.RequestAborted);
    }

    private static JsonObject Callers(CallerShares shares) => new(shares.All.Select(share => KeyValuePair.Create(share.Name, (JsonNode?)new JsonObject
    {
        ["running"] = share.Running,
        ["waiting"] = share.Waiting,
        ["refused"] = share.Refused,
    })));

    // Without the details: anybody may ask, and paths and numbers of this host are no business of anybody's.
    private static string Word(LayerState state) => state switch { LayerState.On => "on", LayerState.Off => "off", _ => "not_needed" };
}
