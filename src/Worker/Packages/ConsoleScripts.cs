using System.Text;

namespace CodeExec.Worker.Packages;

/// <summary>
/// The commands that packages bring. pip puts them into the target's <c>bin</c> and lets them start the interpreter that ran pip; they
/// belong beside the environment's own interpreter, and must start that one to see the packages.
/// </summary>
internal static class ConsoleScripts
{
    // A shebang line is cut by the kernel at 256 bytes (execve(2)); no script of pip's has a longer one.
    private const int LongestShebang = 256;

    /// <summary>Moves the scripts and rewrites their first line.</summary>
    /// <param name="environment">Where it is being built.</param>
    /// <param name="pipPython">The interpreter that ran pip.</param>
    /// <param name="python">The environment's interpreter, in its final place.</param>
    public static void Adopt(PackageEnvironment environment, string pipPython, string python)
    {
        var scripts = Path.Combine(environment.SitePackages, "bin");
        if (!Directory.Exists(scripts)) return;
        foreach (var script in Directory.EnumerateFiles(scripts))
        {
            var place = Path.Combine(environment.BinDirectory, Path.GetFileName(script));
            // A link would have us read, and write, what it points at.
            if (File.Exists(place) || new FileInfo(script).LinkTarget is not null) continue;
            PointAt(script, pipPython, python);
            File.Move(script, place);
        }
        if (!Directory.EnumerateFileSystemEntries(scripts).Any()) Directory.Delete(scripts);
    }

    private static void PointAt(string script, string pipPython, string python)
    {
        var bytes = File.ReadAllBytes(script);
        var end = Array.IndexOf(bytes, (byte)'\n', 0, Math.Min(bytes.Length, LongestShebang));
        if (end < 0 || Encoding.UTF8.GetString(bytes, 0, end).TrimEnd() != $"#!{pipPython}") return;
        // Written in place, so that the file stays executable.
        File.WriteAllBytes(script, [.. Encoding.UTF8.GetBytes($"#!{python}"), .. bytes.AsSpan(end)]);
    }
}
