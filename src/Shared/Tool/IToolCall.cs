using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>
/// One <c>tools/call</c>, and the way back to whoever sent it, whatever server it came through. Belongs to one call; one thread at a time.
/// </summary>
public interface IToolCall
{
    /// <summary>The caller over STDIO: whoever started the process.</summary>
    const string LocalCaller = "local";

    /// <summary>The JSON-RPC id.</summary>
    RequestId Id { get; }

    /// <summary>The session it belongs to, for cancelling; null when there is none.</summary>
    string? Session { get; }

    /// <summary>The arguments as they came; null when there were none.</summary>
    IDictionary<string, JsonElement>? Arguments { get; }

    /// <summary>The request's <c>_meta</c> as it came, for the limits in it; null when there was none.</summary>
    JsonObject? Meta { get; }

    /// <summary>Whom it comes from, as the operator knows them: the name of an API key, or <see cref="LocalCaller"/>. Background jobs belong to it.</summary>
    string Caller { get; }

    /// <summary>What the caller calls itself; null when it didn't say. Any text, up to line breaks.</summary>
    string? ClientName { get; }

    /// <summary>Whether the request carried a progress token.</summary>
    bool WantsProgress { get; }

    /// <summary>The least level of log messages that the client wants; null for none.</summary>
    LoggingLevel? LogLevel { get; }

    /// <summary>Waits until its caller may run one more call, as <see cref="ICallTurn.WaitAsync"/> does.</summary>
    ValueTask WaitForTurnAsync(CancellationToken stop);

    /// <summary>Sends a progress notification; only when <see cref="WantsProgress"/>.</summary>
    /// <param name="step">1, 2, 3, …</param>
    /// <param name="text">What happened.</param>
    /// <param name="cancel">Ends a write that hangs.</param>
    Task TellProgressAsync(int step, string text, CancellationToken cancel);

    /// <summary>Sends a logging notification. Holds nothing back: the level is the caller's business.</summary>
    /// <param name="level">Its level.</param>
    /// <param name="logger">What it is about, such as <c>stdout</c>.</param>
    /// <param name="text">What happened.</param>
    /// <param name="cancel">Ends a write that hangs.</param>
    Task TellLogAsync(LoggingLevel level, string logger, string text, CancellationToken cancel);
}
