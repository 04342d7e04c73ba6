using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;

namespace CodeExec.Web.Mcp;

/// <summary>What a client says it can read.</summary>
/// <seealso href="https://www.rfc-editor.org/rfc/rfc9110#name-accept"/>
internal static class AcceptHeader
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue EventStream = new("text/event-stream");

    /// <summary>A POST may be answered with either, so its sender must read both.</summary>
    public static Refusal? CheckPost(HttpRequest request) =>
        Allows(request.GetTypedHeaders(), Json) && Allows(request.GetTypedHeaders(), EventStream) ? null : Unacceptable(request, "application/json, text/event-stream");

    /// <summary>A GET opens an event stream.</summary>
    public static Refusal? CheckGet(HttpRequest request) =>
        Allows(request.GetTypedHeaders(), EventStream) ? null : Unacceptable(request, "text/event-stream");

    // No Accept header at all means "anything" (RFC 9110, 12.5.1).
    private static bool Allows(RequestHeaders headers, MediaTypeHeaderValue type) =>
        headers.Headers.Accept.Count == 0 || headers.Accept.Any(accepted => accepted.MatchesMediaType(type.MediaType));

    private static Refusal Unacceptable(HttpRequest request, string needed) => new(StatusCodes.Status406NotAcceptable, Refusal.RequestRefused,
        $"The Accept header is \"{request.Headers.Accept}\"; it must allow {needed}.");
}
