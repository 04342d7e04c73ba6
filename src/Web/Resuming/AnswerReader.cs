using CodeExec.Web.Mcp;

namespace CodeExec.Web.Resuming;

/// <summary>Sends what follows an event of an answer, to its end, whichever web process keeps it. Any thread.</summary>
internal sealed class AnswerReader(KeptAnswers answers, PeerAnswers peers)
{
    /// <summary>Sends the rest.</summary>
    /// <param name="session">The session of the client that reads.</param>
    /// <param name="after">The last event that it has had.</param>
    /// <param name="stream">Where the events go, each whole.</param>
    /// <param name="cancel">Cancelled when the client is gone.</param>
    /// <returns>False when the answer is gone.</returns>
    public async Task<bool> SendAsync(string session, EventId after, StreamKeepalive stream, CancellationToken cancel)
    {
        var isOwn = after.Web == peers.Name;
        var own = isOwn ? answers.Find(after.Answer, session) : null;
        if (isOwn && own is null) return false;
        using var presence = own?.Attend();
        while (true)
        {
            var batch = own is null ? await peers.NextAsync(after, session, cancel) : await own.NextAsync(after.Number, cancel);
            if (batch is null) return false;
            foreach (var happened in batch.Events) await stream.WriteUnchangingAsync(happened, cancel);
            if (batch.Events.Count > 0) await stream.FlushAsync(cancel);
            if (batch.Ended)
            {
                if (own is not null) answers.NoteSentWhole(own);
                return true;
            }
            after = after with { Number = batch.Last };
        }
    }
}
