using System.Text.Json;
using CodeExec.Shared.Tool;
using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// The session as nearly every client leads it, from <c>initialize</c> to the call's result, without the SDK: loading that takes longer
/// than all the rest (docs/decisions/0011-plain-stdio-sessions.md). It takes a message only when there is nothing unusual about it, and
/// judges none: whatever it doesn't take is the SDK's to answer, and all that follows.
/// </summary>
/// <remarks>One task reads, and calls <see cref="TakeAsync"/>, <see cref="CancelCall"/> and <see cref="Handshake"/>; calls end on any thread.</remarks>
internal sealed class PlainSession(LineWriter output, CodeExecTool tool, RunningCalls calls, string session)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RequestId, (PlainCall Call, Task Answered)> _open = [];
    private readonly List<ReadOnlyMemory<byte>> _handshake = [];
    private string? _client;
    private (LoggingLevel Level, ReadOnlyMemory<byte> Line)? _level;

    /// <summary>The lines that made the session what it is: told to the SDK, it goes on where this one stops.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Handshake => _level is { } set ? [.. _handshake, set.Line] : _handshake;

    /// <summary>Answers a message, or sees to it that it will be; does nothing when there is anything unusual about it.</summary>
    /// <param name="line">The message.</param>
    /// <param name="cancel">Cancelled when the session ends, whatever runs.</param>
    /// <returns>Whether it took the message.</returns>
    public async ValueTask<bool> TakeAsync(ReadOnlyMemory<byte> line, CancellationToken cancel)
    {
        if (PlainMessage.Read(line.Span) is not { } message) return false;
        // Before the handshake there is nothing but the handshake, and no second one after it.
        if (_client is null != message is { Method: RequestMethods.Initialize }) return false;
        switch (message)
        {
            case { Method: RequestMethods.Initialize, Id: { } id } when PlainParameters.Handshake(message.Params) is { } handshake:
                _client = handshake.ClientName;
                _handshake.Add(line);
                await AnswerAsync(id, json => WriteServer(json, handshake.Revision), cancel);
                return true;
            case { Method: NotificationMethods.InitializedNotification, Id: null } when PlainParameters.None(message.Params):
                _handshake.Add(line);
                return true;
            case { Method: RequestMethods.Ping, Id: { } id } when PlainParameters.None(message.Params):
                await AnswerAsync(id, WriteNothing, cancel);
                return true;
            case { Method: RequestMethods.ToolsList, Id: { } id } when PlainParameters.None(message.Params):
                await AnswerAsync(id, WriteTools, cancel);
                return true;
            case { Method: RequestMethods.LoggingSetLevel, Id: { } id } when PlainParameters.Level(message.Params) is { } level:
                _level = (level, line);
                await AnswerAsync(id, WriteNothing, cancel);
                return true;
            case { Method: RequestMethods.ToolsCall, Id: { } id } when PlainParameters.Call(message.Params) is { } call:
                return TryStart(new PlainCall(output, id, session, call.Arguments) { ClientName = _client, ProgressToken = call.ProgressToken, LogLevel = _level?.Level }, cancel);
            case { Method: NotificationMethods.CancelledNotification, Id: null } when PlainParameters.Cancelled(message.Params) is { } id:
                CancelCall(id);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Ends a call that this session took, without an answer; nothing happens when there is none of that id.</summary>
    public void CancelCall(RequestId id)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(id, out var open)) return;
            open.Call.Cancelled = true;
        }
        calls.Cancel(session, id);
    }

    /// <summary>Done when every call has ended that was taken until now.</summary>
    public Task AllAnsweredAsync()
    {
        lock (_lock) return Task.WhenAll(_open.Values.Select(open => open.Answered));
    }

    // A second call of the same id would be hard to tell from the first: the SDK has its own way with those.
    private bool TryStart(PlainCall call, CancellationToken cancel)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
            if (!_open.TryAdd(call.Id, (call, answered.Task)))
                return false;
        _ = RunAsync(call, answered, cancel);
        return true;
    }

    private async Task RunAsync(PlainCall call, TaskCompletionSource answered, CancellationToken cancel)
    {
        try
        {
            var result = await tool.CallAsync(call, cancel);
            if (!call.Cancelled) await AnswerAsync(call.Id, result.WriteTo, cancel);
        }
        catch (OperationCanceledException)
        {
            // Nobody waits for this answer any more.
        }
        finally
        {
            lock (_lock) _open.Remove(call.Id);
            answered.SetResult();
        }
    }

    private async Task AnswerAsync(RequestId id, Action<Utf8JsonWriter> writeResult, CancellationToken cancel)
    {
        try
        {
            await output.AnswerAsync(id, writeResult, cancel);
        }
        catch (IOException)
        {
            // A client that reads no longer: its session ends with its input.
        }
    }

    private static void WriteServer(Utf8JsonWriter json, string revision)
    {
        json.WriteStartObject();
        json.WriteString("protocolVersion", revision);
        json.WriteStartObject("capabilities");
        json.WriteStartObject("logging");
        json.WriteEndObject();
        json.WriteStartObject("tools");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("serverInfo");
        json.WriteString("name", ServerDefinition.Name);
        json.WriteString("title", ServerDefinition.Title);
        json.WriteString("version", ServerDefinition.Version);
        json.WriteEndObject();
        json.WriteString("instructions", ServerDefinition.Instructions);
        json.WriteEndObject();
    }

    private void WriteTools(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("tools");
        tool.WriteDefinition(json);
        json.WriteEndArray();
        json.WriteNumber("ttlMs", (long)ServerDefinition.ToolsTimeToLive.TotalMilliseconds);
        json.WriteString("cacheScope", "public");
        json.WriteEndObject();
    }

    private static void WriteNothing(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteEndObject();
    }
}
