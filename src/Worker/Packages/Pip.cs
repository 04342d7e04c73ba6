using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Packages;

/// <summary>Runs pip. The one place that knows how that is done; whoever wants something of pip says only what (<see cref="PipCommand"/>). Any thread.</summary>
internal sealed class Pip(TimeProvider time)
{
    /// <summary>Runs one command to its end. When this returns or throws, pip is gone.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="interpreter">Whose pip.</param>
    /// <param name="output">Gets every line.</param>
    /// <param name="progress">Told each line as it may be shown.</param>
    /// <param name="cancel">Ends pip.</param>
    /// <exception cref="InstallFailedException">pip couldn't.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(ChildCommand command, PythonInterpreter interpreter, PipOutput output, Action<string> progress, CancellationToken cancel)
    {
        void Tell(string line)
        {
            if (output.Add(line) is { Length: > 0 } shown) progress(shown);
        }

        var exit = await StreamedCommand.RunAsync(command, Tell, time, cancel);
        if (exit.ReturnCode != 0) throw new InstallFailedException(exit.ReturnCode, output.UsefulText(), output.Hint(interpreter));
    }
}
