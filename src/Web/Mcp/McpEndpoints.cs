namespace CodeExec.Web.Mcp;

/// <summary>The addresses that MCP is served under.</summary>
internal static class McpEndpoints
{
    /// <summary>Adds Streamable HTTP at <c>/mcp</c> and HTTP with SSE at <c>/sse</c> and <c>/message</c>; a trailing slash changes nothing.</summary>
    public static void MapMcp(this IEndpointRouteBuilder routes)
    {
        var streamable = routes.ServiceProvider.GetRequiredService<StreamableHttpEndpoint>();
        var sse = routes.ServiceProvider.GetRequiredService<SseEndpoint>();
        routes.Map("/mcp", streamable.HandleAsync);
        routes.MapGet("/sse", sse.OpenAsync);
        routes.MapPost("/message", sse.ReceiveAsync);
    }
}
