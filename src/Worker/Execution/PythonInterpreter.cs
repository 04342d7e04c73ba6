using System.Collections.ObjectModel;
using System.ComponentModel;
using CodeExec.Shared.Running;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Execution;

/// <summary>The Python that runs the code: where it really is (not a version manager's shim) and what it can do. Immutable.</summary>
/// <param name="Path">The real executable.</param>
/// <param name="Version">Such as <c>3.11.2</c>.</param>
/// <param name="PipVersion">Such as <c>23.0.1</c>; null when this Python has no pip.</param>
public sealed record PythonInterpreter(string Path, string Version, string? PipVersion)
{
    private const string InstallCommand = "Install it (Debian and Ubuntu: apt-get install python3 python3-pip; macOS: brew install python), or point PYTHON at an interpreter.";
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    /// <summary>The folder that holds the base installation's executable, for <c>pyvenv.cfg</c>.</summary>
    public string BaseBinDirectory { get; init; } = "/usr/bin";

    /// <summary>Platform and ABI in one word, such as <c>cpython-311-x86_64-linux-gnu</c>: compiled packages fit no other.</summary>
    public string Abi { get; init; } = "";

    /// <summary>When this interpreter belongs to a virtual environment: the folders of packages that it sees. Empty otherwise.</summary>
    public IReadOnlyList<string> OwnSitePackages { get; init; } = [];

    /// <summary>The top-level names of the standard library (<c>sys.stdlib_module_names</c>; empty before Python 3.10).</summary>
    public IReadOnlySet<string> StandardModules { get; init; } = ReadOnlySet<string>.Empty;

    /// <summary>Major and minor version, such as <c>3.11</c>, as folder names spell it.</summary>
    public string MinorVersion => string.Join('.', Version.Split('.').Take(2));

    /// <summary>Finds the interpreter that a name or path stands for by asking it.</summary>
    /// <param name="nameOrPath">The PYTHON setting.</param>
    /// <param name="cancel">Ends the search.</param>
    /// <exception cref="RunnerException">There is none, or it doesn't answer; the text holds the command that installs it.</exception>
    public static async Task<PythonInterpreter> FindAsync(string nameOrPath, CancellationToken cancel)
    {
        var executable = Locate(nameOrPath) ?? throw new RunnerException($"Python was not found: {NotFound(nameOrPath)} {InstallCommand}");
        var command = new ChildCommand(executable, ["-I", "-c", PythonScripts.Text("describe_interpreter.py")], CodeEnvironment.Inherited(), "/");
        try
        {
            var (exit, output) = await CapturedCommand.RunAsync(command, AnswerLimit, cancel);
            if (exit.ReturnCode != 0)
                throw new RunnerException($"{executable} is no usable Python: it ended with code {exit.ReturnCode}. {InstallCommand}");
            return Parse(output) ?? throw new RunnerException($"{executable} is no usable Python: it ran, but did not say what it is. {InstallCommand}");
        }
        catch (Exception fault) when (fault is Win32Exception or TimeoutException)
        {
            throw new RunnerException($"{executable} is no usable Python: {fault.Message} {InstallCommand}", fault);
        }
    }

    // As describe_interpreter.py writes it; what stands before the first NUL or behind the last is none of it. Null when it is no such answer.
    private static PythonInterpreter? Parse(string output) => output.Split('\0') is [_, { Length: > 0 } path, { Length: > 0 } version, var pip, var baseBin, var abi, var modules, .. var folders, _]
        ? new PythonInterpreter(path, version, pip.Length > 0 ? pip : null)
        {
            BaseBinDirectory = baseBin,
            Abi = abi,
            StandardModules = new HashSet<string>(modules.Split(','), StringComparer.Ordinal),
            OwnSitePackages = folders,
        }
        : null;

    private static string NotFound(string nameOrPath) =>
        nameOrPath.Contains('/', StringComparison.Ordinal) ? $"PYTHON is \"{nameOrPath}\", and there is no such file." : $"there is no \"{nameOrPath}\" on PATH.";

    /// <summary>The file that a name or path stands for; null when there is none.</summary>
    internal static string? Locate(string nameOrPath)
    {
        if (nameOrPath.Contains('/', StringComparison.Ordinal)) return File.Exists(nameOrPath) ? System.IO.Path.GetFullPath(nameOrPath) : null;
        return (Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin")
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => System.IO.Path.Combine(folder, nameOrPath))
            .FirstOrDefault(File.Exists);
    }
}
