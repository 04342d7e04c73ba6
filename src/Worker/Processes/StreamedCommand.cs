using System.Text;

namespace CodeExec.Worker.Processes;

/// <summary>A command of our own whose lines are wanted while it runs: pip, the unpacking of wheels.</summary>
internal static class StreamedCommand
{
    /// <summary>Runs the command to its end. When this returns or throws, the process is gone.</summary>
    /// <param name="command">What to run; stderr belongs into stdout.</param>
    /// <param name="line">Told each line.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Kills it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<ChildExit> RunAsync(ChildCommand command, Action<string> line, TimeProvider time, CancellationToken cancel)
    {
        using var child = ChildProcess.Start(command);
        try
        {
            using var reader = new StreamReader(child.Stdout, Encoding.UTF8);
            while (await reader.ReadLineAsync(cancel) is { } read) line(read);
            return await child.Exited.WaitAsync(cancel);
        }
        finally
        {
            await child.StopAsync(TimeSpan.Zero, time);
        }
    }
}
