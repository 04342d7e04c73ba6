namespace CodeExec.Worker.Forking;

/// <summary>The modules that a program's import statements name, as far as its text shows: what is worth importing ahead. Any thread.</summary>
internal static class ImportedNames
{
    /// <summary>No more are found: a program that generates code may have any number of lines that look like imports.</summary>
    public const int Most = 100;

    /// <summary>Finds them: <c>import a.b</c> gives a.b, <c>from a import b</c> gives a and a.b.</summary>
    /// <param name="code">The program.</param>
    /// <param name="leaveOut">Top-level names that don't count: the standard library's.</param>
    public static IReadOnlySet<string> In(string code, IReadOnlySet<string> leaveOut)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in code.AsSpan().EnumerateLines())
        {
            var statement = line.TrimStart();
            if (statement.StartsWith("import ", StringComparison.Ordinal)) AddAll(names, statement[7..], "", leaveOut);
            else if (statement.StartsWith("from ", StringComparison.Ordinal)) AddFrom(names, statement[5..], leaveOut);
            if (names.Count >= Most) break;
        }
        return names;
    }

    /// <summary>What a server shall import next: what is new, and of what it imports already as much as there is a place for.</summary>
    /// <param name="names">What programs import now.</param>
    /// <param name="known">What is imported already, the newest first; null for nothing.</param>
    public static HashSet<string> Newest(IReadOnlySet<string> names, IReadOnlySet<string>? known) =>
        new(names.Concat((known ?? names).Where(name => !names.Contains(name))).Take(Most), StringComparer.Ordinal);

    private static void AddFrom(HashSet<string> names, ReadOnlySpan<char> statement, IReadOnlySet<string> leaveOut)
    {
        var split = statement.IndexOf(" import ", StringComparison.Ordinal);
        if (split <= 0) return;
        var module = statement[..split].Trim().ToString();
        if (Add(names, module, leaveOut)) AddAll(names, statement[(split + 8)..], module + ".", leaveOut);
    }

    private static void AddAll(HashSet<string> names, ReadOnlySpan<char> list, string prefix, IReadOnlySet<string> leaveOut)
    {
        var end = list.IndexOfAny(';', '#');
        if (end >= 0) list = list[..end];
        foreach (var part in list.Split(','))
        {
            if (names.Count >= Most) return;
            var name = list[part].Trim(" ()\t");
            var alias = name.IndexOf(' ');
            Add(names, prefix + (alias < 0 ? name : name[..alias]).ToString(), leaveOut);
        }
    }

    private static bool Add(HashSet<string> names, string name, IReadOnlySet<string> leaveOut)
    {
        var parts = name.Split('.');
        if (parts.Length > 4 || leaveOut.Contains(parts[0]) || !parts.All(IsIdentifier)) return false;
        return names.Add(name) || names.Contains(name);
    }

    private static bool IsIdentifier(string part) =>
        part.Length is > 0 and <= 80 && !char.IsAsciiDigit(part[0]) && part.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
