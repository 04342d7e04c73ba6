namespace CodeExec.Worker.Execution;

/// <summary>Where UTF-8 text may be cut without cutting a character (RFC 3629, section 3).</summary>
internal static class Utf8Boundary
{
    private const int LongestCharacter = 4;

    /// <summary>How many of the bytes end with a whole character.</summary>
    public static int End(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(LongestCharacter, bytes.Length); back++)
        {
            var lead = bytes[^back];
            if (IsContinuation(lead)) continue;
            // Cut only before a character that goes on behind the end; stray bytes stay and become U+FFFD.
            return Length(lead) > back ? bytes.Length - back : bytes.Length;
        }
        return bytes.Length;
    }

    /// <summary>Where the first whole character begins.</summary>
    public static int Start(ReadOnlySpan<byte> bytes)
    {
        var start = 0;
        while (start < Math.Min(LongestCharacter - 1, bytes.Length) && IsContinuation(bytes[start])) start++;
        return start;
    }

    private static bool IsContinuation(byte value) => (value & 0xC0) == 0x80;

    private static int Length(byte lead) => lead switch { >= 0xF0 => 4, >= 0xE0 => 3, >= 0xC0 => 2, _ => 1 };
}
