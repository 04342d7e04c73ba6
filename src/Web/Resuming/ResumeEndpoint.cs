using System.Text;
using System.Text.Json;
using CodeExec.Shared.Settings;
using CodeExec.Web.Auth;
using CodeExec.Web.Mcp;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Resuming;

/// <summary>
/// GET /mcp with Last-Event-ID: the rest of an answer, for a client whose connection broke, whichever web process keeps it. Any thread.
/// </summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery"/>
internal sealed class ResumeEndpoint(WebOptions options, SessionIds ids, AnswerReader reader, TimeProvider time)
{
    /// <summary>Whether a request asks for the rest of an answer.</summary>
    public static bool IsWanted(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers.ContainsKey(McpHeaders.LastEventId) && !RequestChecks.IsWithoutHandshake(request);

    /// <summary>Answers one such request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var session = context.Request.Headers[McpHeaders.SessionId].ToString();
        var isOurs = EventId.TryParse(context.Request.Headers[McpHeaders.LastEventId].ToString(), out var after);
        var refusal = AcceptHeader.CheckGet(context.Request) ?? (ids.IsFor(Caller.Of(context), session) ? null : SessionIds.NotFound) ?? (isOurs ? null : UnknownEvent);
        if (refusal is not null)
        {
            await refusal.WriteAsync(context.Response);
            return;
        }
        var gone = context.RequestAborted;
        EventStreamHeaders.Apply(context.Response);
        await using var stream = new StreamKeepalive(context.Response.Body, options.Keepalive, time, gone, context.Abort);
        await stream.WriteCommentAsync("the rest follows", gone);
        if (!await reader.SendAsync(session, after, stream, gone)) await WriteGoneAsync(after.Request, stream, gone);
    }

    private static Refusal UnknownEvent { get; } = new(StatusCodes.Status400BadRequest, Refusal.RequestRefused,
        "Last-Event-ID is none that this service gave out. Send the id of the last event that came, as it came.");

    // As the call's answer: a client that was only refused would wait for its call until its own patience ends.
    private async Task WriteGoneAsync(RequestId request, StreamKeepalive stream, CancellationToken cancel)
    {
        var error = new JsonRpcError
        {
            Id = request,
            Error = new JsonRpcErrorDetail
            {
                Code = Refusal.RequestRefused,
                Message = $"The rest of this call's answer is gone: it is kept for {options.ResumeTime.TotalSeconds:0} s (RESUME_SECONDS) "
                    + "after its connection broke, by the process that ran the call. "
                    + "Whether the code ran to its end is unknown; call again if running it twice is safe.",
            },
        };
        var json = JsonSerializer.Serialize(error, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonRpcMessage>());
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"event: message\ndata: {json}\n\n"), cancel);
        await stream.FlushAsync(cancel);
    }
}
