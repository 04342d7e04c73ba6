using System.Globalization;
using System.Text;

namespace CodeExec.Shared.Tool;

/// <summary>
/// Text that a client chose, as a JSON string of one line: whatever it holds, it ends neither the line nor the quotes that it stands in, and
/// hides nothing from who reads it.
/// </summary>
internal static class QuotedText
{
    /// <summary>Quotes a text.</summary>
    /// <param name="text">Any text, halves of surrogate pairs included.</param>
    /// <param name="most">Most characters that are shown; "…" stands for the rest.</param>
    public static string Of(string text, int most)
    {
        var quoted = new StringBuilder(Math.Min(text.Length, most) + 2).Append('"');
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, most)))
        {
            if (c is '"' or '\\') quoted.Append('\\').Append(c);
            else if (IsPlain(c)) quoted.Append(c);
            else quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        if (text.Length > most) quoted.Append('…');
        return quoted.Append('"').ToString();
    }

    // Line breaks of any kind, terminal sequences, and characters that turn the direction of what follows.
    private static bool IsPlain(char c) => char.GetUnicodeCategory(c) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
