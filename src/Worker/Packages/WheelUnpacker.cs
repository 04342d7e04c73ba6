using System.Globalization;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Unpacks wheels and compiles their modules, in one Python process for all of them. What makes a wheel unacceptable stands in
/// <c>python/unpack_wheels.py</c>. Any thread.
/// </summary>
internal sealed class WheelUnpacker(PackageOptions options, SandboxPlan plan, TimeProvider time)
{
    /// <summary>What helps when a wheel is refused for what it is.</summary>
    public const string AnotherVersionHint = "Ask for another version of this package; this wheel can't be installed as it is.";

    private const int TooLarge = 2;

    /// <summary>Unpacks each wheel into a folder of its own.</summary>
    /// <param name="wheels">The files with their folders, which are made here.</param>
    /// <param name="interpreter">For whom the modules are compiled.</param>
    /// <param name="scratch">HOME, TMPDIR and working directory.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="InstallFailedException">A wheel is refused, they are too large together, or the disk is full.</exception>
    public async Task UnpackAsync(IReadOnlyList<(string Wheel, string Folder)> wheels, PythonInterpreter interpreter, string scratch, CancellationToken cancel)
    {
        foreach (var (_, folder) in wheels)
        {
            FolderTree.Create(folder);
            plan.Builder.Give(folder);
        }
        var environment = CodeEnvironment.Inherited();
        environment["HOME"] = environment["TMPDIR"] = scratch;
        var command = new ChildCommand(
            interpreter.Path, ["-I", "-c", PythonScripts.Text("unpack_wheels.py"), options.CacheMaxBytes.ToString(CultureInfo.InvariantCulture), .. wheels.SelectMany(pair => new[] { pair.Wheel, pair.Folder })], environment, scratch, MergeStderr: true,
            plan.ForBuild(interpreter, wheels.Select(pair => pair.Wheel), [scratch, .. wheels.Select(pair => pair.Folder)]));
        var output = new PipOutput();
        var exit = await StreamedCommand.RunAsync(command, line => output.Add(line), time, cancel);
        foreach (var (_, folder) in wheels) plan.Builder.TakeBack(folder);
        if (exit.ReturnCode != 0)
            throw new InstallFailedException(exit.ReturnCode, output.UsefulText(), exit.ReturnCode == TooLarge ? PipOutput.TooLargeHint : AnotherVersionHint);
    }
}
