using System.Globalization;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// What a child is confined to before its program starts (python/confine.py, which applies it to itself in this order). Immutable.
/// </summary>
/// <param name="Interpreter">The Python that applies it: a real executable, not one of an environment.</param>
public sealed record Confinement(string Interpreter)
{
    /// <summary>Limits on each of its processes. Core dumps, which would leave its memory on the disk, are off in any case.</summary>
    public IReadOnlyList<ResourceLimit> Limits { get; init; } = [];

    /// <summary>The same command, started confined.</summary>
    internal ChildCommand Apply(ChildCommand command) =>
        command with { Executable = Interpreter, Arguments = ["-I", "-S", "-c", PythonScripts.Text("confine.py"), Settings(), command.Executable, .. command.Arguments] };

    private string Settings() => string.Join(
        '\n',
        [
            "subreaper",
            "first-to-go?",
            "limit CORE 0 0",
            .. Limits.Select(limit => string.Create(CultureInfo.InvariantCulture, $"limit {limit.Resource} {limit.Soft} {limit.Hard}")),
            "no-new-privileges",
        ]);
}
