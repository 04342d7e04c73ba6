using CodeExec.Shared.Jobs;

namespace CodeExec.Cli.Running;

/// <summary>
/// Shows a run as it happens: the program's streams on ours, and what CodeExec has to say on standard error, dim, and as far as it isn't
/// needed to understand the outcome only when somebody watches.
/// </summary>
public sealed class LiveDisplay(int maxOutputBytes) : IRunDisplay
{
    private readonly OutputPrinter _stdout = new(Console.OpenStandardOutput(), maxOutputBytes);
    private readonly OutputPrinter _stderr = new(Console.OpenStandardError(), maxOutputBytes);

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
        await FinishAsync(_stdout, result, OutputStream.Stdout);
        await FinishAsync(_stderr, result, OutputStream.Stderr);
        if (result.Truncated is { } truncated)
            await NoteAsync($"truncated: of {truncated.StdoutBytes + truncated.StderrBytes} bytes printed, the first {maxOutputBytes} of each stream and the end are shown; MAX_OUTPUT_BYTES sets how much.");
        if (result.Hint is { } hint) await NoteAsync($"hint: {hint}");
    }

    private static Task FinishAsync(OutputPrinter printer, ExecutionResult result, OutputStream stream)
    {
        var (kept, printed, omitted) = StreamOfResult.Read(result, stream);
        return printer.FinishAsync(kept, printed, omitted);
    }

    // Straight to our standard error, past the printer: a note is no part of the program's output and must not count as such.
    private async Task NoteAsync(string text)
    {
        await Console.Error.WriteLineAsync((_stderr.AtLineStart ? "" : "\n") + Terminal.Dim(text));
        _stderr.StartLine();
    }
}
