using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Web.Auth;
using CodeExec.Web.Callers;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>
/// MCP over HTTP with SSE, the transport of 2024-11-05: one long event stream per client, and a POST for each of its messages.
/// Any thread.
/// </summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse"/>
internal sealed class SseEndpoint(
    WebOptions options, OfferedServer offered, RequestMemory memory, SessionIds ids, SseSessions sessions, PeerMail mail, TimeProvider time, ILoggerFactory logs)
{
    /// <summary>GET /sse: opens a session and holds its stream.</summary>
    public async Task OpenAsync(HttpContext context)
    {
        if (AcceptHeader.CheckGet(context.Request) is { } unacceptable)
        {
            await unacceptable.WriteAsync(context.Response);
            return;
        }
        var caller = Caller.Of(context);
        var id = mail.Address(ids.Create(caller));
        await using var stream = new StreamKeepalive(context.Response.Body, options.Keepalive, time, context.RequestAborted, context.Abort);
        await using var session = new SseSession(id, caller, context, stream, offered.Create(id, caller), logs);
        if (sessions.Add(session) is { } refusal)
        {
            await refusal.WriteAsync(context.Response);
            return;
        }
        try
        {
            EventStreamHeaders.Apply(context.Response);
            await session.RunAsync();
        }
        finally
        {
            sessions.Remove(session);
        }
    }

    /// <summary>POST /message: takes a message for a session; the answer comes on its stream.</summary>
    public async Task ReceiveAsync(HttpContext context)
    {
        var refusal = await TakeAsync(context);
        if (refusal is null) context.Response.StatusCode = StatusCodes.Status202Accepted;
        else await refusal.WriteAsync(context.Response);
    }

    private async Task<Refusal?> TakeAsync(HttpContext context)
    {
        var caller = Caller.Of(context);
        using var held = memory.Open(caller);
        var (posted, refusal) = await PostedMessages.ReadAsync(context.Request, options.MaxRequestBytes, held, time);
        if (posted is null) return refusal;
        if (posted.IsBatch) return MessageShape.Wrong("The body is an array; this transport takes one message per request.");
        if (context.Request.Query["sessionId"] is not [{ Length: > 0 } id])
            return new Refusal(StatusCodes.Status400BadRequest, Refusal.RequestRefused, "The address has no sessionId. Post to the address that the stream's endpoint event names.") { Id = posted.Id };
        var refused = await DeliverAsync(id, caller, posted.Messages[0], held);
        return refused is null ? null : refused with { Id = posted.Id };
    }

    private async Task<Refusal?> DeliverAsync(string id, string caller, JsonRpcMessage message, RequestMemory.Part held)
    {
        if (sessions.Find(id, caller) is { } session) return await session.ReceiveAsync(message, held);
        try
        {
            // Only an id that was made for this caller is worth asking the others about.
            return ids.IsFor(caller, PeerMail.SealedPart(id)) && await mail.ForwardAsync(id, caller, message) ? null : SseSessions.NotFound;
        }
        catch (RunnerException unreachable)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, Refusal.RequestRefused, unreachable.Message);
        }
    }
}
