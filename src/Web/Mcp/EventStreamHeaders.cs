using Microsoft.AspNetCore.Http.Features;

namespace CodeExec.Web.Mcp;

/// <summary>The headers of an event stream that must reach its client event by event, through whatever stands between.</summary>
internal static class EventStreamHeaders
{
    /// <summary>Puts them on a response that has not started.</summary>
    public static void Apply(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache,no-store";
        // Compressing and buffering proxies would hold events back until a block is full.
        response.Headers.ContentEncoding = "identity";
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
