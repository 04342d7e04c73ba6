using System.Text.Json;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Auth;
using CodeExec.Web.Callers;
using CodeExec.Web.Resuming;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>
/// MCP over Streamable HTTP: every POST is answered by itself, on its own stream, so any web process can
/// answer any request. Any thread.
/// </summary>
/// <remarks>
/// What a session adds, up to 2025-11-25, is cancelling by notification and the log level. Both are told to every web process, and a
/// request that names no session is served all the same.
/// </remarks>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http"/>
internal sealed class StreamableHttpEndpoint(
    WebOptions options, RequestServer server, ResumableCalls resumable, ResumeEndpoint resume, RequestMemory memory, SessionIds ids, SessionLogLevels levels, PeerMail mail, TimeProvider time)
{
    // The status of an answer without handshake follows from its first message. A call that is silent for longer has passed the
    // checks that a status could report, and a router that waits for the first byte must not give up on it.
    private static readonly TimeSpan StatusIsOpen = TimeSpan.FromMilliseconds(250);

    /// <summary>Answers one request of any method.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (ResumeEndpoint.IsWanted(context.Request))
        {
            await resume.HandleAsync(context);
            return;
        }
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Post;
            await new Refusal(StatusCodes.Status405MethodNotAllowed, Refusal.RequestRefused,
                $"{context.Request.Method} is not offered here: there is no stream beside the answers and no session to delete. Send messages by POST.").WriteAsync(context.Response);
            return;
        }
        using var held = memory.Open(Caller.Of(context));
        var (posted, refusal) = await PostedMessages.ReadAsync(context.Request, options.MaxRequestBytes, held, time);
        string? session = null;
        if (posted is not null) refusal = RequestChecks.Check(context.Request, posted) ?? FindSession(context, posted, out session);
        if (refusal is not null) await refusal.WriteAsync(context.Response);
        else await AcceptAsync(context, posted!, session, held);
    }

    private Refusal? FindSession(HttpContext context, PostedMessages posted, out string? session)
    {
        session = null;
        var header = context.Request.Headers[McpHeaders.SessionId];
        if (header.Count == 0 || RequestChecks.IsWithoutHandshake(context.Request)) return null;
        session = header.ToString();
        return ids.IsFor(Caller.Of(context), session) ? null : SessionIds.NotFound with { Id = posted.Id };
    }

    private Task AcceptAsync(HttpContext context, PostedMessages posted, string? session, RequestMemory.Part held)
    {
        foreach (var message in posted.Messages)
        {
            message.Context = new JsonRpcMessageContext { ProtocolVersion = context.Request.Headers[McpHeaders.ProtocolVersion] };
            if (session is null) continue;
            if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled && ServerDefinition.CancelledRequest(cancelled) is { } request)
                mail.Cancel(session, request);
            if (message is JsonRpcRequest { Method: RequestMethods.LoggingSetLevel } wish && ServerDefinition.RequestedLevel(wish) is { } level)
                mail.SetLevel(session, level);
            message.Context.LogLevel = levels.Find(session);
        }
        if (posted.Requests.Count > 0) return AnswerAsync(context, posted, session, held);
        // Notifications and responses want no answer, and no server outlives a request that could do more with them.
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        return Task.CompletedTask;
    }

    private async Task AnswerAsync(HttpContext context, PostedMessages posted, string? session, RequestMemory.Part held)
    {
        var gone = context.RequestAborted;
        var isResumable = resumable.Takes(context.Request, posted, session);
        if (isResumable && resumable.RefusalOf(Caller.Of(context)) is { } refusal)
        {
            await (refusal with { Id = posted.Id }).WriteAsync(context.Response);
            return;
        }
        EventStreamHeaders.Apply(context.Response);
        if (session is null && posted.Messages[0] is JsonRpcRequest { Method: RequestMethods.Initialize })
            context.Response.Headers[McpHeaders.SessionId] = ids.Create(Caller.Of(context));
        await using var stream = new StreamKeepalive(context.Response.Body, options.Keepalive, time, gone, context.Abort);
        if (isResumable)
        {
            await resumable.AnswerAsync(posted.Requests[0], session!, Caller.Of(context), held, stream, gone);
            return;
        }
        if (RequestChecks.IsWithoutHandshake(context.Request)) stream.StartWithin(StatusIsOpen);
        try
        {
            await server.AnswerAsync(posted.Requests, session, Caller.Of(context), stream, first => ChooseStatusAsync(context, stream, first), gone);
        }
        catch (JsonException fault) when (!context.Response.HasStarted)
        {
            // The SDK reads initialize before its server does, which would have answered.
            context.Response.Clear();
            await new Refusal(StatusCodes.Status400BadRequest, (int)McpErrorCode.InvalidParams, $"The message's params can't be read at {fault.Path}. Send what the protocol's schema asks for there.") { Id = posted.Id }.WriteAsync(context.Response);
        }
    }

    // Since 2026-07-28 an answer that is a protocol error has a status to match. Earlier answers start before it is known.
    private static ValueTask ChooseStatusAsync(HttpContext context, StreamKeepalive stream, JsonRpcMessage? first) =>
        first is JsonRpcError error && StatusOf((McpErrorCode)error.Error.Code) is { } status && RequestChecks.IsWithoutHandshake(context.Request)
            ? stream.BeforeStartAsync(() => context.Response.StatusCode = status, context.RequestAborted)
            : ValueTask.CompletedTask;

    private static int? StatusOf(McpErrorCode code) => code switch
    {
        McpErrorCode.MethodNotFound => StatusCodes.Status404NotFound,
        McpErrorCode.HeaderMismatch or McpErrorCode.MissingRequiredClientCapability or McpErrorCode.UnsupportedProtocolVersion => StatusCodes.Status400BadRequest,
        _ => null,
    };
}
