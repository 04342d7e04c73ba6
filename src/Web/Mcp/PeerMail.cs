using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Tool;
using CodeExec.Web.Callers;
using CodeExec.Web.Resuming;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Mcp;

/// <summary>
/// What web processes tell each other, because the router between client and processes picks at random: an SSE session's message that
/// landed elsewhere, a cancelled call, a session's log level, the rest of an answer. With one process alone it does nothing. Any thread.
/// </summary>
/// <remarks>Who posts is checked where the request lands; the envelope carries the caller's name, and the holder checks it again.</remarks>
internal sealed partial class PeerMail(WebParts parts, SseSessions sessions, RunningCalls calls, SessionLogLevels levels, PeerAnswers answers, RequestMemory memory, ILogger<PeerMail> log)
{
    private const char NameEnd = '.';

    private readonly IWebPeers? _peers = parts.Peers;

    /// <summary>Makes a sealed id into one that tells which process holds the session.</summary>
    public string Address(string sealedId) => _peers is null ? sealedId : $"{_peers.Name}{NameEnd}{sealedId}";

    /// <summary>The sealed part of an SSE session's id.</summary>
    public static string SealedPart(string id) => id[(id.IndexOf(NameEnd, StringComparison.Ordinal) + 1)..];

    /// <summary>Begins to listen.</summary>
    public Task StartAsync() => _peers?.ListenAsync(Receive) ?? Task.CompletedTask;

    /// <summary>Hands a message to the process that holds its session.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="Shared.Running.RunnerException">Other processes can't be reached.</exception>
    public async Task<bool> ForwardAsync(string id, string caller, JsonRpcMessage message)
    {
        var end = id.IndexOf(NameEnd, StringComparison.Ordinal);
        if (_peers is null || end < 0 || id.AsSpan(0, end).SequenceEqual(_peers.Name)) return false;
        var envelope = new JsonObject
        {
            ["kind"] = "message",
            ["session"] = id,
            ["caller"] = caller,
            ["message"] = JsonSerializer.SerializeToNode(message, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonRpcMessage>()),
        };
        return await _peers.SendAsync(id[..end], JsonSerializer.SerializeToUtf8Bytes(envelope, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonNode>()));
    }

    /// <summary>Cancels a call wherever it runs.</summary>
    public void Cancel(string session, RequestId request)
    {
        calls.Cancel(session, request);
        Tell(new JsonObject { ["kind"] = "cancel", ["session"] = session, ["request"] = JsonSerializer.SerializeToNode(request, McpJsonUtilities.DefaultOptions.GetTypeInfo<RequestId>()) });
    }

    /// <summary>Sets a session's log level wherever its next request lands.</summary>
    public void SetLevel(string session, LoggingLevel level)
    {
        levels.Set(session, level);
        Tell(new JsonObject { ["kind"] = "level", ["session"] = session, ["level"] = (int)level });
    }

    private void Tell(JsonObject envelope) => _peers?.SendToAll(JsonSerializer.SerializeToUtf8Bytes(envelope, McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonNode>()));

    private void Receive(byte[] bytes)
    {
        try
        {
            var envelope = JsonNode.Parse(bytes)!;
            var session = envelope["session"]!.GetValue<string>();
            switch (envelope["kind"]?.GetValue<string>())
            {
                case "message":
                    // It only puts the message into the session's channel, so the order of arrival is kept.
                    if (sessions.Find(session, envelope["caller"]!.GetValue<string>()) is { } holder)
                        _ = HandOverAsync(holder, envelope["message"].Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo<JsonRpcMessage>())!, bytes.Length);
                    break;
                case "cancel":
                    calls.Cancel(session, envelope["request"].Deserialize(McpJsonUtilities.DefaultOptions.GetTypeInfo<RequestId>()));
                    break;
                case "level":
                    levels.Set(session, (LoggingLevel)envelope["level"]!.GetValue<int>());
                    break;
                case PeerAnswers.Ask or PeerAnswers.Told:
                    answers.Receive(envelope, session);
                    break;
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            LogUnreadable(fault.Message);
        }
    }

    private async Task HandOverAsync(SseSession holder, JsonRpcMessage message, int length)
    {
        using var held = memory.Open(holder.Caller);
        var refusal = held.Grow(length) ? await holder.ReceiveAsync(message, held) : memory.Refusal;
        // Whoever posted it was told 202 by the process where it landed.
        if (refusal is not null && message is JsonRpcRequest request) await holder.RefuseAsync(request.Id, refusal);
    }

    [LoggerMessage(240, LogLevel.Error, "A message from another web process can't be read: {Reason}")]
    private partial void LogUnreadable(string reason);
}
