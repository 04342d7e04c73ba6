using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>The list of pre-warmed packages: those that calls can count on without an install. Read once.</summary>
internal static partial class PrewarmedPackages
{
    private const string FileName = "requirements.txt";

    /// <summary>Reads the list; empty when there is none.</summary>
    /// <param name="options">Where it is.</param>
    /// <param name="log">Told of lines that can't be used.</param>
    public static IReadOnlyList<PackageRequirement> Read(PackageOptions options, ILogger log)
    {
        var file = options.PrewarmRequirements ?? ProjectFolder.PathOf(FileName);
        if (file is null || !File.Exists(file)) return [];
        var requirements = new List<PackageRequirement>();
        foreach (var line in File.ReadLines(file))
        {
            var text = line.Split(" #", 2)[0].Trim();
            if (text.Length == 0 || text[0] == '#') continue;
            if (PackageRequirement.TryParse(text, out var requirement) is { } fault) LogUnusable(log, file, text, fault);
            else requirements.Add(requirement!);
        }
        return requirements;
    }

    [LoggerMessage(412, LogLevel.Warning, "{File}: \"{Line}\" {Fault}; this line is not pre-warmed")]
    private static partial void LogUnusable(ILogger log, string file, string line, string fault);
}
