using CodeExec.Shared.Jobs;
using CodeExec.Shared.Tool;

namespace CodeExec.Cli.Running;

/// <summary>Shows a run as the tool's JSON object alone, for programs that read it.</summary>
public sealed class JsonDisplay : IRunDisplay
{
    /// <inheritdoc/>
    public Task ShowAsync(JobEvent happened) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task FinishAsync(ExecutionResult result)
    {
        await OutputDescriptor.Stdout.WriteAsync(ToolResult.Write(result));
        await OutputDescriptor.Stdout.WriteAsync("\n"u8.ToArray());
    }
}
