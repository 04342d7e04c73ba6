using System.Text.RegularExpressions;
using CodeExec.Shared.Packages;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>What pip printed: bounded, without credentials, and its useful part when it failed. One thread.</summary>
internal sealed partial class PipOutput
{
    private const int MaxLines = 2000;
    private const int MaxLineLength = 500;
    private const int MaxUsefulLines = 40;

    /// <summary>What helps when a set is larger than it may be.</summary>
    public const string TooLargeHint = "Ask for fewer or smaller packages in one call, or for another version. The operator can raise PACKAGE_CACHE_MAX_MB.";

    private readonly Queue<string> _lines = new();

    /// <summary>Takes a line as pip printed it and returns it as it may be shown.</summary>
    public string Add(string line)
    {
        var shown = Credentials().Replace(line.TrimEnd(), "//");
        if (shown.Length > MaxLineLength) shown = shown[..MaxLineLength] + "…";
        if (_lines.Count == MaxLines) _lines.Dequeue();
        _lines.Enqueue(shown);
        return shown;
    }

    /// <summary>The lines that say why it failed, without progress and retries.</summary>
    public string UsefulText()
    {
        var useful = _lines.Where(line => line.Length > 0 && !Noise().IsMatch(line)).TakeLast(MaxUsefulLines).ToList();
        return string.Join('\n', useful.Count > 0 ? useful : _lines.TakeLast(MaxUsefulLines));
    }

    /// <summary>What would help; null when nothing is known to.</summary>
    /// <param name="interpreter">For whom it ran.</param>
    /// <param name="buildsPackages">Whether it may build what has no wheel.</param>
    public string? Hint(PythonInterpreter interpreter, bool buildsPackages)
    {
        // EFBIG: a file of the set alone is larger than all of it may be.
        if (_lines.Any(line => line.Contains("[Errno 27]", StringComparison.Ordinal))) return TooLargeHint;
        if (_lines.Any(line => line.Contains("ResolutionImpossible", StringComparison.Ordinal) || line.Contains("conflicting dependencies", StringComparison.Ordinal)))
            return "The requested versions exclude each other. Leave versions open, or ask for ones that go together.";
        if (_lines.Select(line => NoVersion().Match(line)).FirstOrDefault(match => match.Success) is { } match)
        {
            var name = match.Groups["name"].Value;
            if (match.Groups["versions"].Value is not ("none" or "")) return $"There is no such version of \"{name}\": ask for one of those listed, or leave the version open.";
            // An index that can't be reached has no version of anything; one that answered late to other questions does.
            if (!IsRetried($"/{PackageRequirement.Normalize(name)}/"))
                return $"No installable package \"{name}\" was found for Python {interpreter.MinorVersion}: check the spelling of its name on the index (it may differ from the import name){(buildsPackages ? "" : "; a package without a wheel can't be installed")}.";
        }
        return IsRetried("") ? "The package index can't be reached from here, so only packages that are already installed can be used. The operator can set PIP_INDEX_URL or PIP_FIND_LINKS." : null;
    }

    private bool IsRetried(string what) => _lines.Any(line => line.Contains("Retrying (", StringComparison.Ordinal) && line.Contains(what, StringComparison.Ordinal));

    // A password may hold an @ of its own.
    [GeneratedRegex(@"//[^/\s]+@", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Credentials();

    [GeneratedRegex(@"^\s*(Looking in (links|indexes)|Collecting |Downloading |Using cached |Processing |Saved |Successfully downloaded |Requirement already|Installing |Preparing metadata|Getting requirements|Building wheel|Created wheel|Stored in directory|━|WARNING: Retrying|WARNING: Url |Discarding |INFO: pip is looking|\[notice\])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Noise();

    [GeneratedRegex(@"satisfies the requirement (?<name>[A-Za-z0-9._-]+).*\(from versions: (?<versions>[^)]*)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NoVersion();
}
