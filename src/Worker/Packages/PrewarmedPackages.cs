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
        var file = options.PrewarmRequirements ?? Find();
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

    // The project's root is the folder above the published binaries that holds the Procfile; the working directory is the user's own
    // and may hold a requirements.txt that has nothing to do with this service.
    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Procfile"))) return Path.Combine(folder.FullName, FileName);
        return null;
    }

    [LoggerMessage(412, LogLevel.Warning, "{File}: \"{Line}\" {Fault}; this line is not pre-warmed")]
    private static partial void LogUnusable(ILogger log, string file, string line, string fault);
}
