using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>A call that is answered without an MCP server of the SDK. <see cref="Cancelled"/> may be set by any thread.</summary>
/// <param name="output">The way back.</param>
/// <param name="id">The JSON-RPC id.</param>
/// <param name="session">The session; null when there is none.</param>
/// <param name="arguments">The arguments as they came.</param>
public sealed class PlainCall(MessageWriter output, RequestId id, string? session, IDictionary<string, JsonElement>? arguments) : IToolCall
{
    private volatile bool _cancelled;

    /// <inheritdoc/>
    public RequestId Id => id;

    /// <inheritdoc/>
    public string? Session => session;

    /// <inheritdoc/>
    public IDictionary<string, JsonElement>? Arguments => arguments;

    /// <inheritdoc/>
    public JsonObject? Meta { get; init; }

    /// <inheritdoc/>
    public string Caller { get; init; } = IToolCall.LocalCaller;

    /// <inheritdoc/>
    public string? ClientName { get; init; }

    /// <summary>What its progress notifications carry; null for none.</summary>
    public ProgressToken? ProgressToken { get; init; }

    /// <inheritdoc/>
    public bool WantsProgress => ProgressToken is not null;

    /// <inheritdoc/>
    public LoggingLevel? LogLevel { get; init; }

    /// <summary>Its caller's turn; null where callers have no limits.</summary>
    public ICallTurn? Turn { get; init; }

    /// <summary>Whether the client takes no interest any more, and over STDIO gets no answer. Over HTTP it gets one, which says so.</summary>
    public bool Cancelled { get => _cancelled; set => _cancelled = value; }

    /// <inheritdoc/>
    public ValueTask WaitForTurnAsync(CancellationToken stop) => Turn?.WaitAsync(stop) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public Task TellProgressAsync(int step, string text, CancellationToken cancel) => output.NotifyAsync(
        NotificationMethods.ProgressNotification,
        json =>
        {
            MessageWriter.WriteName(json, "progressToken", ProgressToken!.Value.Token);
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
