using System.Collections.ObjectModel;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// A set of installed packages that code runs with: a virtual environment (PEP 405) on the interpreter, never changed once it is in its
/// place. Immutable.
/// </summary>
/// <param name="Key">Names it by its content (<see cref="EnvironmentKey"/>).</param>
/// <param name="Root">Its folder.</param>
/// <param name="MinorVersion">The interpreter's, such as <c>3.11</c>.</param>
public sealed record PackageEnvironment(string Key, string Root, string MinorVersion)
{
    internal const string ManifestName = "environment.json";

    /// <summary>The real executable that it stands on.</summary>
    public string Interpreter { get; init; } = "/usr/bin/python3";

    /// <summary>The folder of the environment whose packages it sees behind its own; null for none.</summary>
    public string? Behind { get; init; }

    /// <summary>The top-level names of the interpreter's standard library.</summary>
    public IReadOnlySet<string> StandardModules { get; init; } = ReadOnlySet<string>.Empty;

    /// <summary>The interpreter to start: it sees the set, then the pre-warmed packages, then what the host has installed.</summary>
    public string Python => Path.Combine(BinDirectory, "python3");

    /// <summary>The packages' commands.</summary>
    public string BinDirectory => Path.Combine(Root, "bin");

    /// <summary>The packages.</summary>
    public string SitePackages => Path.Combine(Root, "lib", $"python{MinorVersion}", "site-packages");

    /// <summary>Says what is in it; a reader holds it open, and so locked, while a job uses the environment.</summary>
    public string Manifest => Path.Combine(Root, ManifestName);

    /// <summary>What programs were seen to import from it, one module a line: a note for the next start, not part of the environment.</summary>
    public string ImportsNote => Path.Combine(Root, "imports.txt");

    /// <summary>Makes the folders and files of an environment without packages.</summary>
    /// <param name="interpreter">What it stands on.</param>
    /// <param name="furtherPackages">Folders whose packages are visible too, behind its own.</param>
    internal void CreateSkeleton(PythonInterpreter interpreter, IEnumerable<string> furtherPackages)
    {
        Directory.CreateDirectory(BinDirectory);
        Directory.CreateDirectory(SitePackages);
        File.CreateSymbolicLink(Python, interpreter.Path);
        File.CreateSymbolicLink(Path.Combine(BinDirectory, "python"), "python3");
        // What a virtual environment sees is what it was made to see; its base installation's packages are not added behind its back.
        var seesSystem = interpreter.OwnSitePackages.Count == 0 ? "true" : "false";
        File.WriteAllText(Path.Combine(Root, "pyvenv.cfg"), $"home = {interpreter.BaseBinDirectory}\ninclude-system-site-packages = {seesSystem}\nversion = {interpreter.Version}\n");
        // Python buffers a pipe in blocks, so nothing would be seen while code runs and all would be lost at a time-out. By line is the
        // middle way: unbuffered (-u) writes every piece of a print by itself.
        File.WriteAllLines(Path.Combine(SitePackages, "codeexec.pth"), ["import sys; sys.stdout and sys.stdout.reconfigure(line_buffering=True)", .. furtherPackages]);
    }
}
