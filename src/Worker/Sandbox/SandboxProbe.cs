using System.ComponentModel;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>Tries every layer in a process that is thrown away: what a kernel has, the rules of a container may still refuse.</summary>
internal static class SandboxProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Tries them.</summary>
    /// <param name="confinement">All of them, each of which may fail and reports that.</param>
    /// <param name="interpreter">The Python that applies them.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>
    /// The layers that were refused, by confine.py's name, with what the kernel said; null when the process could not be started or didn't come to
    /// its own end, with the reason: that says something about the moment, not about the layers.
    /// </returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<(IReadOnlyDictionary<string, string>? Refused, string Unfinished)> RunAsync(Confinement confinement, string interpreter, CancellationToken cancel)
    {
        var refused = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            var command = new ChildCommand(interpreter, ["-I", "-S", "-c", "pass"], CodeEnvironment.Inherited(), "/", Confinement: confinement);
            var (exit, output) = await CapturedCommand.RunAsync(command, Limit, cancel);
            if (exit.ReturnCode < 0) return (null, $"{interpreter} was ended by signal {-exit.ReturnCode}.");
            foreach (var line in output.Split('\n'))
                if (line.Split(' ', 3) is ["refused", var name, var reason]) refused.TryAdd(name, reason);
            // Everything was taken, and yet Python doesn't start: most often a library or a folder that another user can't read.
            if (exit.ReturnCode != 0 && refused.Count == 0) refused["user"] = $"Python ends with code {exit.ReturnCode}: {output.Trim()}";
        }
        catch (Exception fault) when (fault is Win32Exception or TimeoutException)
        {
            return (null, fault.Message);
        }
        return (refused, "");
    }
}
