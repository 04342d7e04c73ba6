using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Processes;

/// <summary>What to start and with what. Nothing is inherited that isn't named here. Immutable.</summary>
/// <param name="Executable">An absolute path; PATH is not searched.</param>
/// <param name="Arguments">Without the executable's own name.</param>
/// <param name="Environment">The whole environment.</param>
/// <param name="WorkingDirectory">An existing folder.</param>
/// <param name="MergeStderr">Whether stderr goes into stdout's pipe, so that the order of both is kept.</param>
/// <param name="Confinement">What it is confined to; null for programs of our own that touch nothing foreign.</param>
/// <param name="OrphansGoOn">Whether what it leaves behind is not ended with it: a fork server's jobs.</param>
public sealed record ChildCommand(
    string Executable,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string WorkingDirectory,
    bool MergeStderr = false,
    Confinement? Confinement = null,
    bool OrphansGoOn = false);
