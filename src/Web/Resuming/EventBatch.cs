namespace CodeExec.Web.Resuming;

/// <summary>Neighbouring events of an answer, as they go to its client. Immutable.</summary>
/// <param name="First">The first one's number.</param>
/// <param name="Events">The events, whole, as bytes of the stream; may be none.</param>
/// <param name="Ended">Whether nothing follows.</param>
internal sealed record EventBatch(int First, IReadOnlyList<byte[]> Events, bool Ended)
{
    /// <summary>The last one's number.</summary>
    public int Last => First + Events.Count - 1;
}
