namespace CodeExec.Cli.Running;

/// <summary>Splits what <c>--packages</c> was given: <c>numpy,pandas&gt;=2,&lt;3,requests[socks,security]</c> are three requirements.</summary>
public static class PackageList
{
    /// <summary>The requirements in the order they were typed.</summary>
    /// <param name="values">Every value of the option, each with commas between requirements.</param>
    public static IReadOnlyList<string> Split(IEnumerable<string> values)
    {
        var packages = new List<string>();
        foreach (var value in values)
        {
            // A comma also stands between a requirement's versions and between its extras; there it doesn't end the requirement.
            var startsAnew = true;
            foreach (var part in value.Split(','))
            {
                if (part.Trim().Length == 0) continue;
                if (!startsAnew && (part.TrimStart()[0] is '<' or '>' or '=' or '!' or '~' || HasOpenBracket(packages[^1]))) packages[^1] += $",{part}";
                else packages.Add(part.Trim());
                startsAnew = false;
            }
        }
        return packages;
    }

    private static bool HasOpenBracket(string text) => text.LastIndexOf('[') > text.LastIndexOf(']');
}
