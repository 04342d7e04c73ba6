using System.Text;

namespace CodeExec.Worker.Processes;

/// <summary>What came of a command. A value for the same reason as <see cref="Shared.Tool.ToolResult"/>.</summary>
/// <param name="Exit">How it ended.</param>
/// <param name="Text">What it printed.</param>
internal readonly record struct CapturedOutput(ChildExit Exit, string Text);

/// <summary>A short command of our own whose whole output is wanted: the interpreter's self-description, a package check.</summary>
internal static class CapturedCommand
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>Runs the command to its end.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="limit">After this it is killed.</param>
    /// <param name="cancel">Kills it as well.</param>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<CapturedOutput> RunAsync(ChildCommand command, TimeSpan limit, CancellationToken cancel)
    {
        using var child = ChildProcess.Start(command with { MergeStderr = true });
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timer.CancelAfter(limit);
        try
        {
            var reading = ReadAsync(child.Stdout, timer.Token);
            return new CapturedOutput(await child.ProgramEndAsync(reading).WaitAsync(timer.Token), await reading);
        }
        catch (OperationCanceledException fault) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"{command.Executable} took longer than {limit.TotalSeconds:0} s.", fault);
        }
    }

    private static async Task<string> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        using var all = new MemoryStream();
        while (await stream.ReadAsync(buffer, cancel) is var count and > 0)
            if (all.Length < MaxBytes) all.Write(buffer, 0, count);
        return Encoding.UTF8.GetString(all.GetBuffer(), 0, (int)all.Length);
    }
}
