using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A fresh interpreter that is started before its job is known: its folder is there, and it is confined, which takes 12 ms. It becomes the job's
/// Python when the code is there. For one caller at a time.
/// </summary>
internal sealed class WaitingInterpreter : IDisposable
{
    // The first that a child gets behind its standard streams.
    private const int GateNumber = 3;

    private readonly Gate _gate;
    private readonly ChildProcess _child;
    private readonly PackageEnvironment _environment;
    private readonly RunLimits _limits;
    private bool _released;

    private WaitingInterpreter(Gate gate, ChildProcess child, PackageEnvironment environment, Workspace workspace, RunLimits limits) =>
        (_gate, _child, _environment, Workspace, _limits) = (gate, child, environment, workspace, limits);

    /// <summary>Its folder, without a program in it; whoever takes the interpreter takes it, too.</summary>
    public Workspace Workspace { get; }

    /// <summary>Starts one.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started; nothing but the folder is left.</exception>
    public static WaitingInterpreter Start(PackageEnvironment environment, Workspace workspace, RunLimits limits, SandboxPlan plan)
    {
        var gate = Gate.Make();
        try
        {
            var command = JobCommand.For(environment, workspace, limits, plan);
            command = command with { Confinement = command.Confinement! with { WaitsAt = GateNumber } };
            var child = ChildProcess.Start(command, gate.Descriptor);
            gate.HandedOn();
            return new WaitingInterpreter(gate, child, environment, workspace, limits);
        }
        catch
        {
            gate.Dispose();
            throw;
        }
    }

    /// <summary>Puts a program into its folder, if it fits the job. Where folders aren't confined, another job's code may have reached this one.</summary>
    public bool TryPlace(string code, PackageEnvironment environment, RunLimits limits)
    {
        try
        {
            if (_environment.Key != environment.Key || _limits != limits || !Workspace.IsAsMade) return false;
            Workspace.WriteMain(code);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Lets it become Python, with the program that is in its folder now.</summary>
    /// <returns>The process, which is the caller's from here on; null when it is gone.</returns>
    public ChildProcess? TryRelease()
    {
        if (!_gate.TryOpen()) return null;
        _released = true;
        return _child;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _gate.Dispose();
        if (!_released) _child.Dispose();
    }
}
