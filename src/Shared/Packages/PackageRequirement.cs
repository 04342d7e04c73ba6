using System.Text.RegularExpressions;

namespace CodeExec.Shared.Packages;

/// <summary>
/// One requirement in PEP 508's form without a URL: <c>name[extra,…] specifiers ; marker</c>. Immutable; any thread.
/// Whether the name exists and the versions fit is pip's business; whether pip could mistake it for an option, a path or an
/// address is settled here.
/// </summary>
/// <seealso href="https://packaging.python.org/en/latest/specifications/dependency-specifiers/"/>
public sealed partial record PackageRequirement
{
    private PackageRequirement(string name, string[] extras, string[] specifiers, string? marker)
    {
        Name = name;
        Text = name
            + (extras.Length > 0 ? $"[{string.Join(',', extras)}]" : "")
            + string.Join(',', specifiers)
            + (marker is null ? "" : $"; {marker}");
    }

    /// <summary>The longest accepted requirement, in characters.</summary>
    public const int MaxLength = 500;

    /// <summary>The project's name, normalised as in PEP 503: lower case, runs of <c>-_.</c> made one <c>-</c>.</summary>
    public string Name { get; }

    /// <summary>The whole requirement in one spelling, so that the same wish in other words is the same text.</summary>
    public string Text { get; }

    /// <inheritdoc/>
    public override string ToString() => Text;

    /// <summary>The one spelling of a project's name (PEP 503).</summary>
    public static string Normalize(string name) => Separators().Replace(name, "-").ToLowerInvariant();

    /// <summary>Reads one requirement.</summary>
    /// <param name="text">What the caller wrote.</param>
    /// <param name="requirement">The requirement, when there is no fault.</param>
    /// <returns>Null when it could be read, else what is wrong with it and what to write instead.</returns>
    public static string? TryParse(string text, out PackageRequirement? requirement)
    {
        requirement = null;
        var wish = text.Trim();
        if (wish.Length == 0) return "is empty; write a package name such as \"numpy\"";
        if (wish.Length > MaxLength) return $"has {wish.Length} characters, the limit is {MaxLength}";
        if (Refusal(wish) is { } refusal) return refusal;

        var match = Grammar().Match(wish);
        if (!match.Success)
            return "is not a package requirement; write a name with optional extras, version and marker, such as "
                + "\"requests[socks]>=2.31,<3; python_version >= '3.9'\"";

        requirement = new PackageRequirement(
            Normalize(match.Groups["name"].Value),
            [.. Parts(match.Groups["extras"]).Select(Normalize).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            [.. Parts(match.Groups["specifiers"]).Select(part => Blanks().Replace(part, "")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            match.Groups["marker"].Success ? Blanks().Replace(match.Groups["marker"].Value.Trim(), " ") : null);
        return null;
    }

    // Said first, because "not a requirement" would not tell a model that the thing is refused on purpose.
    private static string? Refusal(string wish)
    {
        if (wish[0] == '-') return "is a pip option; options can't be passed, only package requirements such as \"numpy>=1.26\"";
        if (Vcs().IsMatch(wish)) return "is a version-control link; only packages by name from the configured index can be installed";
        if (wish.Contains("://", StringComparison.Ordinal) || UrlReference().IsMatch(wish))
            return "is a URL; only packages by name from the configured index can be installed";
        var target = wish.Split(';', 2)[0];
        if (target[0] is '.' or '~' or '/' || target.Contains('/', StringComparison.Ordinal) || target.Contains('\\', StringComparison.Ordinal) || Archive().IsMatch(target))
            return "is a file path; only packages by name from the configured index can be installed";
        return null;
    }

    private static string[] Parts(Group group) =>
        group.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    // Versions hold letters, digits and . * + ! _ - (PEP 440). A marker may hold quotes, words, comparisons and brackets; its
    // meaning is pip's to judge. No character that a shell, a requirements file or a URL gives a meaning to gets through. Blanks are
    // never given back (?>): with a row of optional parts, 490 blanks would take minutes to refuse.
    [GeneratedRegex("""
        ^(?<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)
        (?>[ \t]*)(?:\[(?>[ \t]*)(?<extras>[A-Za-z0-9][A-Za-z0-9._-]*(?:(?>[ \t]*),(?>[ \t]*)[A-Za-z0-9][A-Za-z0-9._-]*)*)?(?>[ \t]*)\])?
        (?>[ \t]*)(?<paren>\()?(?>[ \t]*)
        (?<specifiers>(?:===|~=|==|!=|<=|>=|<|>)(?>[ \t]*)[A-Za-z0-9.*+!_-]+(?:(?>[ \t]*),(?>[ \t]*)(?:===|~=|==|!=|<=|>=|<|>)(?>[ \t]*)[A-Za-z0-9.*+!_-]+)*)?
        (?>[ \t]*),?(?>[ \t]*)(?(paren)\))
        (?>[ \t]*)(?:;(?<marker>[A-Za-z0-9_.\x20\t'"<>=!~(),*+-]+))?$
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grammar();

    [GeneratedRegex("[-_.]+", RegexOptions.None, 1000)]
    private static partial Regex Separators();

    [GeneratedRegex("[ \t]+", RegexOptions.None, 1000)]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^(git|hg|svn|bzr)\+", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Vcs();

    [GeneratedRegex(@"^[^;]*@|^(file|https?|ftp):", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UrlReference();

    [GeneratedRegex(@"\.(whl|zip|tar|tgz|tbz|txz|egg|tar\.[a-z0-9]+)\s*$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Archive();
}
