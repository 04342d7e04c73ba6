using CodeExec.Worker.Packages;

namespace CodeExec.Worker.Forking;

/// <summary>
/// What programs were seen to import from an environment, noted beside it, so that a later process can warm it before its first call. A
/// note that is lost costs one slow call. Any thread, any process.
/// </summary>
internal static class ImportsNote
{
    /// <summary>The modules; empty when nothing is known.</summary>
    public static IReadOnlySet<string> Read(PackageEnvironment environment)
    {
        try
        {
            return File.ReadLines(environment.ImportsNote).Take(ImportedNames.Most).ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new HashSet<string>(StringComparer.Ordinal);
        }
    }

    /// <summary>Notes the modules that a server imports.</summary>
    public static void Write(PackageEnvironment environment, IReadOnlySet<string> modules)
    {
        if (modules.Count == 0) return;
        try
        {
            // Aside and renamed: nobody reads half a note.
            var aside = $"{environment.ImportsNote}.{Environment.ProcessId}";
            File.WriteAllLines(aside, modules);
            File.Move(aside, environment.ImportsNote, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A cache that is read-only here is warmed by use.
        }
    }
}
