using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Web.Mcp;

namespace CodeExec.Web.Lifetime;

/// <summary>
/// How this process ends, after SIGTERM or Ctrl-C: new calls are refused; those that run get <see cref="ExecutionOptions.DrainTime"/>, then
/// are stopped and answered with an error; then the event streams end; then the server closes. Requests are still accepted until
/// then, so that a client hears why it isn't served. Runs once; further signals change nothing.
/// </summary>
/// <remarks>Without calls under way it takes no time, however many streams are open.</remarks>
internal sealed partial class OrderlyStop(ExecutionOptions options, CallGate gate, SseSessions sessions, TimeProvider time, ILogger<OrderlyStop> log) : IHostedLifecycleService
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StreamEndTime = TimeSpan.FromSeconds(2);

    /// <summary>How long all of it may take, with a second for the server to close; then connections are cut.</summary>
    public static TimeSpan Limit(ExecutionOptions options) => options.DrainTime + StopTime + StreamEndTime + TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogStopping(gate.Running, sessions.Count, options.DrainTime.TotalSeconds);
        var ended = await gate.CloseAsync(options.DrainTime, StopTime, time);
        if (!ended) LogLeftBehind(gate.Running, StopTime.TotalSeconds);
        await sessions.EndAllAsync(StreamEndTime, time);
    }

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        LogStopped();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(230, LogLevel.Information, "Stopping: {Calls} calls under way get up to {DrainSeconds} s; {Sessions} SSE sessions are open")]
    private partial void LogStopping(int calls, int sessions, double drainSeconds);

    [LoggerMessage(231, LogLevel.Warning, "{Calls} calls did not end within {StopSeconds} s of being stopped; the process ends without them")]
    private partial void LogLeftBehind(int calls, double stopSeconds);

    [LoggerMessage(232, LogLevel.Information, "Stopped")]
    private partial void LogStopped();
}
