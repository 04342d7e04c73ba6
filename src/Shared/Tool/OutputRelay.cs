using CodeExec.Shared.Jobs;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>
/// Tells a waiting client what happens, while it happens: as progress notifications when its request carried a progress token,
/// and as logging notifications when it set a level. Belongs to one call; one thread at a time.
/// </summary>
internal sealed class OutputRelay(IToolCall call)
{
    // What the client asked for when it called: a level that it sets later is for later calls.
    private readonly LoggingLevel? _level = call.LogLevel;
    private int _progress;

    /// <summary>Whether this client wants to be told anything while its code runs.</summary>
    public static bool Follows(IToolCall call) => call.WantsProgress || call.LogLevel is not null;

    /// <summary>Sends one event on, if the client asked for any.</summary>
    public async ValueTask SendAsync(JobEvent happened, CancellationToken cancel)
    {
        var (logger, level, text) = happened switch
        {
            OutputChunk { Stream: OutputStream.Stdout } chunk => ("stdout", LoggingLevel.Info, chunk.Text),
            OutputChunk chunk => ("stderr", LoggingLevel.Warning, chunk.Text),
            PackagesInstalling installing => ("pip", LoggingLevel.Debug, installing.Line),
            JobQueued queued => ("queue", LoggingLevel.Debug, $"Waiting for a free slot; {queued.Ahead} ahead."),
            _ => (null, LoggingLevel.Debug, ""),
        };
        if (logger is null) return;
        if (call.WantsProgress) await call.TellProgressAsync(++_progress, text, cancel);
        if (_level is { } least && level >= least) await call.TellLogAsync(level, logger, text, cancel);
    }
}
