using CodeExec.Shared.Jobs;

namespace CodeExec.Cli.Running;

/// <summary>
/// Shows a run as it happens: the program's streams on ours, and what CodeExec has to say on standard error, dim, and as far as it isn't
/// needed to understand the outcome only when somebody watches.
/// </summary>
public sealed class LiveDisplay(int maxOutputBytes) : IRunDisplay
{
    private readonly OutputPrinter _stdout = new(OutputDescriptor.Stdout, maxOutputBytes);
    private readonly OutputPrinter _stderr = new(OutputDescriptor.Stderr, maxOutputBytes);

    /// <inheritdoc/>
    public Task ShowAsync(JobEvent happened) => happened switch
    {
        OutputChunk { Stream: OutputStream.Stdout } chunk => _stdout.PrintAsync(chunk.Text),
        OutputChunk chunk => _stderr.PrintAsync(chunk.Text),
        PackagesInstalling installing when Terminal.ShowsStderr => NoteAsync($"installing: {installing.Line}"),
        _ => Task.CompletedTask,
    };

    /// <inheritdoc/>
    public async Task FinishAsync(ExecutionResult result)
    {
        var left = await _stdout.FinishAsync(result.Stdout, result.Truncated?.StdoutBytes ?? 0, result.Truncated?.StdoutOmittedBytes ?? 0)
            + await _stderr.FinishAsync(result.Stderr, result.Truncated?.StderrBytes ?? 0, result.Truncated?.StderrOmittedBytes ?? 0);
        if (left > 0) await NoteAsync($"truncated: {left} bytes were left out; MAX_OUTPUT_BYTES, now {maxOutputBytes}, sets how much of each stream is kept.");
        if (result.Hint is { } hint) await NoteAsync($"hint: {hint}");
    }

    // Straight to our standard error, past the printer: a note is no part of the program's output and must not count as such.
    private async Task NoteAsync(string text)
    {
        await Console.Error.WriteLineAsync((_stderr.AtLineStart ? "" : "\n") + Terminal.Dim(text));
        _stderr.StartLine();
    }
}
