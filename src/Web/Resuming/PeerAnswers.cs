using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using ModelContextProtocol;

namespace CodeExec.Web.Resuming;

/// <summary>
/// Reads an answer that another web process keeps: asks it for the events that follow one, and again for those that follow these. An ask that
/// gets lost is asked again; it also tells the keeper that a reader is there. Any thread.
/// </summary>
internal sealed class PeerAnswers(WebParts parts, KeptAnswers answers, TimeProvider time)
{
    /// <summary>The envelope of a question.</summary>
    public const string Ask = "ask";

    /// <summary>The envelope of its answer.</summary>
    public const string Told = "told";

    // Without news the keeper says so after this long; one that says nothing for twice as long is asked again, and three times at most.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);
    private const int MostAsks = 3;

    private readonly IWebPeers? _peers = parts.Peers;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<EventBatch?>> _asked = new(StringComparer.Ordinal);

    /// <summary>This process's name; empty where it is the only one.</summary>
    public string Name => _peers?.Name ?? "";

    /// <summary>Waits for events that follow one.</summary>
    /// <param name="after">The last one that the client has had.</param>
    /// <param name="session">The client's session.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Null when the answer is gone, or its keeper can't be reached.</returns>
    public async Task<EventBatch?> NextAsync(EventId after, string session, CancellationToken cancel)
    {
        if (_peers is null) return null;
        for (var asks = 0; asks < MostAsks; asks++)
        {
            var ticket = JobId.Create();
            var told = _asked[ticket] = new TaskCompletionSource<EventBatch?>(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                var question = new JsonObject { ["kind"] = Ask, ["session"] = session, ["answer"] = after.Answer, ["after"] = after.Number, ["web"] = _peers.Name, ["ticket"] = ticket };
                if (!await _peers.SendAsync(after.Web, Bytes(question))) return null;
                var batch = await told.Task.WaitAsync(2 * Silence, time, cancel);
                if (batch is not { Events.Count: 0, Ended: false }) return batch;
                // It lives, and nothing has happened.
                asks = -1;
            }
            catch (Exception fault) when (fault is TimeoutException or RunnerException)
            {
                // The question or its answer was lost, the keeper stands still, or Redis does.
            }
            finally
            {
                _asked.TryRemove(ticket, out _);
            }
        }
        return null;
    }

    /// <summary>Takes an envelope of either kind from another process. Returns at once.</summary>
    public void Receive(JsonNode envelope, string session)
    {
        var ticket = envelope["ticket"]!.GetValue<string>();
        if (envelope["kind"]!.GetValue<string>() == Ask)
            _ = TellAsync(envelope["web"]!.GetValue<string>(), ticket, session, envelope["answer"]!.GetValue<string>(), envelope["after"]!.GetValue<int>());
        else if (_asked.TryGetValue(ticket, out var asked))
            asked.TrySetResult(envelope["first"] is { } first ? new EventBatch(first.GetValue<int>(), Events(envelope), envelope["ended"]!.GetValue<bool>()) : null);
    }

    private static byte[][] Events(JsonNode envelope) => [.. envelope["events"]!.AsArray().Select(one => Encoding.UTF8.GetBytes(one!.GetValue<string>()))];

    private async Task TellAsync(string web, string ticket, string session, string id, int after)
    {
        var told = new JsonObject { ["kind"] = Told, ["session"] = session, ["ticket"] = ticket };
        if (answers.Find(id, session) is { } answer)
        {
            using var presence = answer.Attend();
            var batch = await NewsAsync(answer, after);
            told["first"] = batch.First;
            told["events"] = new JsonArray([.. batch.Events.Select(one => JsonValue.Create(Encoding.UTF8.GetString(one)))]);
            told["ended"] = batch.Ended;
        }
        try
        {
            await _peers!.SendAsync(web, Bytes(told));
        }
        catch (RunnerException)
        {
            // Whoever asked asks again.
        }
    }

    private async Task<EventBatch> NewsAsync(KeptAnswer answer, int after)
    {
        using var silence = new CancellationTokenSource(Silence, time);
        try
        {
            return await answer.NextAsync(after, silence.Token);
        }
        catch (OperationCanceledException)
        {
            return new EventBatch(after + 1, [], Ended: false);
        }
    }

    private static byte[] Bytes(JsonObject envelope) => Encoding.UTF8.GetBytes(envelope.ToJsonString(McpJsonUtilities.DefaultOptions));
}
