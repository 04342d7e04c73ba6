using System.Text.Json;
using CodeExec.Shared.Jobs;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeExec.Shared.Tool;

/// <summary>
/// Tells a waiting client what happens, while it happens: as progress notifications when its request carried a progress token,
/// and as logging notifications when it set a level. Belongs to one call; one thread at a time.
/// </summary>
/// <remarks>
/// The SDK doesn't hold back logging below the client's level, so this does. Under 2026-07-28 each request carries its level; before,
/// <c>logging/setLevel</c> set it for the session.
/// </remarks>
internal sealed class OutputRelay(RequestContext<CallToolRequestParams> request)
{
    private readonly ProgressToken? _token = request.Params?.ProgressToken;
    private readonly LoggingLevel? _level = request.JsonRpcRequest.Context?.LogLevel ?? request.Server.LoggingLevel;
    private int _progress;

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
        if (_token is { } token)
            await request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = ++_progress, Message = text }, cancellationToken: cancel);
        if (_level is { } least && level >= least)
            await request.Server.SendNotificationAsync(
                NotificationMethods.LoggingMessageNotification,
                new LoggingMessageNotificationParams { Level = level, Logger = logger, Data = JsonSerializer.SerializeToElement(text, McpJsonUtilities.DefaultOptions.GetTypeInfo<string>()) },
                McpJsonUtilities.DefaultOptions,
                cancel);
    }
}
