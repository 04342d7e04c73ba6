using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Tool;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>A call that <see cref="PlainSession"/> took. <see cref="Cancelled"/> is set by the reading task and read by the call's own.</summary>
internal sealed class PlainCall(LineWriter output, RequestId id, string session, Dictionary<string, JsonElement> arguments, string clientName, JsonElement? progressToken, LoggingLevel? level) : IToolCall
{
    private volatile bool _cancelled;

    /// <inheritdoc/>
    public RequestId Id => id;

    /// <inheritdoc/>
    public string? Session => session;

    /// <inheritdoc/>
    public IDictionary<string, JsonElement>? Arguments => arguments;

    /// <summary>None: a call that brings more than a progress token is the SDK's (<see cref="PlainParameters"/>).</summary>
    public JsonObject? Meta => null;

    /// <inheritdoc/>
    public string Caller => IToolCall.LocalCaller;

    /// <inheritdoc/>
    public string? ClientName => clientName;

    /// <inheritdoc/>
    public bool WantsProgress => progressToken is not null;

    /// <inheritdoc/>
    public LoggingLevel? LogLevel => level;

    /// <summary>Whether the client takes no interest any more: it gets no answer.</summary>
    public bool Cancelled { get => _cancelled; set => _cancelled = value; }

    /// <inheritdoc/>
    public ValueTask WaitForTurnAsync(CancellationToken stop) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public Task TellProgressAsync(int step, string text, CancellationToken cancel) => output.NotifyAsync(
        NotificationMethods.ProgressNotification,
        json =>
        {
            json.WritePropertyName("progressToken");
            progressToken!.Value.WriteTo(json);
            json.WriteNumber("progress", step);
            json.WriteString("message", text);
        },
        cancel);

    /// <inheritdoc/>
    public Task TellLogAsync(LoggingLevel level, string logger, string text, CancellationToken cancel) => output.NotifyAsync(
        NotificationMethods.LoggingMessageNotification,
        json =>
        {
            json.WriteString("level", ServerDefinition.LevelName(level));
            json.WriteString("logger", logger);
            json.WriteString("data", text);
        },
        cancel);
}
