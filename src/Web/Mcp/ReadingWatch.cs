namespace CodeExec.Web.Mcp;

/// <summary>
/// Cuts the connection of a client that doesn't read. Kestrel's own limit counts what was written since the connection began: who read
/// a megabyte quickly may then read nothing for 73 minutes at 240 bytes a second. Any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="cut">Cuts the connection, which ends the write that waits for it.</param>
internal sealed class ReadingWatch(TimeProvider time, Action cut)
{
    /// <summary>Most bytes of one write, so that a client that reads at all, if slowly, is told from one that doesn't.</summary>
    public const int Piece = 32 * 1024;

    /// <summary>Longest that one write may take.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a write of one <see cref="Piece"/> at most.</summary>
    public async ValueTask EndsAsync(ValueTask write)
    {
        if (write.IsCompleted)
        {
            await write;
            return;
        }
        await using var limit = time.CreateTimer(_ => cut(), null, Longest, Timeout.InfiniteTimeSpan);
        await write;
    }
}
