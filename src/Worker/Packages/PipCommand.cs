using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Packages;

/// <summary>One command for pip, with the environment that it is run with. Immutable.</summary>
/// <param name="Interpreter">Whose pip, and for whom.</param>
/// <param name="Arguments">What comes after <c>pip</c>.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="Scratch">The working directory.</param>
/// <param name="BuildsPackages">Whether it may run the build code of packages.</param>
/// <param name="Writable">The folders that it changes; all are there.</param>
internal sealed record PipCommand(
    PythonInterpreter Interpreter, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Scratch, bool BuildsPackages,
    IReadOnlyList<string> Writable)
{
    // These would contradict what we ask of pip: where to install, and what to print.
    private static readonly HashSet<string> Ours = new(StringComparer.OrdinalIgnoreCase)
    {
        "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIREMENT", "PIP_EDITABLE", "PIP_DRY_RUN", "PIP_REPORT", "PIP_DEST",
        "PIP_LOG", "PIP_QUIET", "PIP_VERBOSE", "PIP_REQUIRE_VIRTUALENV", "PIP_CACHE_DIR", "PIP_ONLY_BINARY", "PIP_NO_BINARY",
    };

    /// <summary>Finds the files that a set and all it needs come from, and puts them into a folder.</summary>
    /// <param name="interpreter">Whose pip, and for whom.</param>
    /// <param name="requirements">The set.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="scratch">HOME, TMPDIR and working directory; empty, so that no file in it can be mistaken for a package.</param>
    /// <param name="options">Index, cache and whether sources may be built.</param>
    public static PipCommand Download(PythonInterpreter interpreter, IEnumerable<PackageRequirement> requirements, string folder, string scratch, PackageOptions options) =>
        Create(interpreter, ["download", "--dest", folder], requirements, folder, scratch, options);

    /// <summary>Installs a set into a folder: what must be built from source has no other way.</summary>
    /// <param name="interpreter">Whose pip, and for whom.</param>
    /// <param name="requirements">The set.</param>
    /// <param name="target">The folder.</param>
    /// <param name="scratch">As above.</param>
    /// <param name="options">As above.</param>
    public static PipCommand Install(PythonInterpreter interpreter, IEnumerable<PackageRequirement> requirements, string target, string scratch, PackageOptions options) =>
        // Else pip reads every installed package to warn of conflicts that --target can't have: 85 ms.
        Create(interpreter, ["install", "--target", target, "--root-user-action", "ignore", "--no-warn-conflicts"], requirements, target, scratch, options);

    /// <summary>pip's own cache, when no package's build code can reach it.</summary>
    public static string SharedCache(PackageOptions options) => Path.Combine(options.CacheDirectory, "pip");

    /// <summary>The same as a process.</summary>
    /// <param name="plan">What confines it.</param>
    public ChildCommand InItsOwnPython(SandboxPlan plan) =>
        // -I: no PYTHONPATH and no file of the working directory can put itself into pip's place.
        new(Interpreter.Path, ["-I", "-m", "pip", .. Arguments], Environment, Scratch, MergeStderr: true, plan.ForBuild(Interpreter, [], Writable, compiles: BuildsPackages));

    private static PipCommand Create(
        PythonInterpreter interpreter, IEnumerable<string> what, IEnumerable<PackageRequirement> requirements, string folder, string scratch, PackageOptions options)
    {
        // What build code leaves in pip's cache would be taken for a package's by the next build.
        var cache = options.AllowSourceDistributions ? Path.Combine(scratch, "pip-cache") : SharedCache(options);
        List<string> arguments =
        [
            .. what,
            "--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off",
            "--cache-dir", cache,
        ];
        if (!options.AllowSourceDistributions) arguments.AddRange(["--only-binary", ":all:"]);
        arguments.Add("--");
        arguments.AddRange(requirements.Select(requirement => requirement.Text));
        return new PipCommand(interpreter, arguments, EnvironmentFor(scratch, options), scratch, options.AllowSourceDistributions, options.AllowSourceDistributions ? [folder, scratch] : [folder, scratch, cache]);
    }

    private static Dictionary<string, string> EnvironmentFor(string scratch, PackageOptions options)
    {
        var environment = CodeEnvironment.Inherited();
        environment["HOME"] = scratch;
        environment["TMPDIR"] = scratch;
        // pip's own default of 5 retries makes a call wait 8 s for an index that can't be reached.
        environment["PIP_RETRIES"] = "1";
        foreach (var (name, value) in options.PipEnvironment)
            if (!Ours.Contains(name)) environment[name] = value;
        return environment;
    }
}
