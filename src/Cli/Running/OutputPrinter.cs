using System.Text;

namespace CodeExec.Cli.Running;

/// <summary>
/// Prints one of the program's streams while it comes, byte for byte as text, and at the end what the result has beyond that. One
/// thread at a time.
/// </summary>
/// <remarks>
/// What is streamed ends at MAX_OUTPUT_BYTES, and the result holds the same again, half from the beginning and half from the end. So the
/// last lines of a long output, often the ones that matter, are in the result alone.
/// </remarks>
/// <param name="target">Where to print.</param>
/// <param name="streamedLimit">How many bytes are streamed at most: MAX_OUTPUT_BYTES.</param>
public sealed class OutputPrinter(OutputDescriptor target, long streamedLimit)
{
    private long _characters;

    /// <summary>Whether the last thing printed was a line's end, or nothing was printed.</summary>
    public bool AtLineStart { get; private set; } = true;

    /// <summary>Prints one piece as it is.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public async Task PrintAsync(string text)
    {
        if (text.Length == 0) return;
        _characters += text.Length;
        AtLineStart = text[^1] == '\n';
        await target.WriteAsync(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Tells that something else has ended the current line.</summary>
    public void StartLine() => AtLineStart = true;

    /// <summary>Prints what the finished result holds and nobody has seen yet.</summary>
    /// <param name="kept">The stream's text in the result.</param>
    /// <param name="printedBytes">All that the program printed on the stream.</param>
    /// <param name="omittedBytes">What <paramref name="kept"/> leaves out of it; 0 when it is whole.</param>
    /// <returns>How many bytes were shown neither before nor now.</returns>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public async Task<long> FinishAsync(string kept, long printedBytes, long omittedBytes)
    {
        if (omittedBytes == 0)
        {
            await PrintAsync(kept[(int)Math.Min(_characters, kept.Length)..]);
            return 0;
        }
        var unseen = printedBytes - Math.Min(printedBytes, streamedLimit);
        var tail = TailOf(kept, omittedBytes);
        var start = StartOfLast(unseen, tail, out var bytes);
        var left = start > 0 ? 0 : Math.Max(0, unseen - bytes);
        await PrintAsync((left == 0 ? "" : $"{(AtLineStart ? "" : "\n")}[... {left} bytes left out ...]\n") + tail[start..]);
        return left;
    }

    // The result says in a line of its own how much it leaves out; its tail is what follows.
    private static string TailOf(string kept, long omittedBytes)
    {
        var marker = kept.IndexOf($"[... {omittedBytes} bytes left out ...]\n", StringComparison.Ordinal);
        return marker < 0 ? kept : kept[(kept.IndexOf('\n', marker) + 1)..];
    }

    // A U+FFFD most often stands for one byte that was no text. Counting it so can repeat a little, but never loses anything.
    private static int StartOfLast(long mostBytes, string text, out long bytes)
    {
        bytes = 0;
        var start = text.Length;
        while (start > 0)
        {
            var size = text[start - 1] switch { < '\x80' or '\xfffd' => 1, < '\x800' => 2, _ when char.IsSurrogate(text[start - 1]) => 2, _ => 3 };
            if (bytes + size > mostBytes && !char.IsHighSurrogate(text[start - 1])) break;
            bytes += size;
            start--;
        }
        return start;
    }
}
