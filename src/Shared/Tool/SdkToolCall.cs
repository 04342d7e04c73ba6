using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Shared.Tool;

/// <summary>A call as the SDK's server hands it over.</summary>
/// <remarks>
/// The SDK doesn't hold back logging below the client's level, so <see cref="OutputRelay"/> does. Under 2026-07-28 each request carries its
/// level; before, <c>logging/setLevel</c> set it for the session. And a write of it that is cancelled stays in its buffer (2.3.1), where the next
/// event's JSON is put right behind it: so only the wait is cancelled, and what was begun is written.
/// </remarks>
internal sealed class SdkToolCall(RequestContext<CallToolRequestParams> request, string? session, ICaller? caller) : IToolCall
{
    private readonly ProgressToken? _token = request.Params?.ProgressToken;

    public RequestId Id => request.JsonRpcRequest.Id;

    public string? Session => session;

    public IDictionary<string, JsonElement>? Arguments => request.Params?.Arguments;

    public JsonObject? Meta => request.Params?.Meta;

    public string Caller => caller?.Name ?? IToolCall.LocalCaller;

    public string? ClientName => request.Server.ClientInfo?.Name;

    public bool WantsProgress => _token is not null;

    public LoggingLevel? LogLevel => request.JsonRpcRequest.Context?.LogLevel ?? request.Server.LoggingLevel;

    public ValueTask WaitForTurnAsync(CancellationToken stop) => CallTurns.Of(request.JsonRpcRequest)?.WaitAsync(stop) ?? ValueTask.CompletedTask;

    public Task TellProgressAsync(int step, string text, CancellationToken cancel) =>
        request.Server.NotifyProgressAsync(_token!.Value, new ProgressNotificationValue { Progress = step, Message = text }, cancellationToken: CancellationToken.None)
            .WaitAsync(cancel);

    public Task TellLogAsync(LoggingLevel level, string logger, string text, CancellationToken cancel) => request.Server.SendNotificationAsync(
        NotificationMethods.LoggingMessageNotification,
        new LoggingMessageNotificationParams { Level = level, Logger = logger, Data = JsonSerializer.SerializeToElement(text, McpJsonUtilities.DefaultOptions.GetTypeInfo<string>()) },
        McpJsonUtilities.DefaultOptions,
        CancellationToken.None).WaitAsync(cancel);
}
