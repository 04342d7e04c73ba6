using System.Net.Sockets;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Mcp;
using Microsoft.AspNetCore.Connections;

namespace CodeExec.Web;

/// <summary>Starts the application, says so, and keeps the process until it is told to end.</summary>
internal static partial class WebProcess
{
    /// <summary>Serves until SIGTERM or Ctrl-C.</summary>
    /// <param name="app">The application.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="prewarm">What it does in the background once it serves.</param>
    /// <param name="unfit">Done when it must end, with what to tell.</param>
    /// <returns>The exit code: 0 after an orderly end, 1 when the address can't be listened on.</returns>
    /// <exception cref="SettingsException">The process must end.</exception>
    public static async Task<int> RunAsync(WebApplication app, WebParts parts, Func<CancellationToken, Task> prewarm, Task<SettingsException> unfit)
    {
        var web = parts.Settings.Web;
        try
        {
            await app.Services.GetRequiredService<PeerMail>().StartAsync();
            await app.StartAsync();
        }
        catch (IOException fault) when (fault.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"Port {web.Port} of {web.Host} is taken by another process. End that one, or set PORT to a free port.");
            return 1;
        }
        catch (SocketException fault)
        {
            await Console.Error.WriteLineAsync($"Can't listen on port {web.Port} of {web.Host}: {fault.SocketErrorCode}. Set HOST to an address of this machine, and PORT to one above 1023 unless you are root.");
            return 1;
        }
        var log = parts.Logs.CreateLogger(typeof(WebProcess));
        LogListening(log, ServerDefinition.Version, string.Join(", ", app.Urls), parts.Mode, Keys(web));
        await using var idle = new IdleMemory(TimeProvider.System);
        var prewarming = prewarm(app.Lifetime.ApplicationStopping);
        var serving = app.WaitForShutdownAsync();
        if (await Task.WhenAny(serving, unfit) != serving) app.Lifetime.StopApplication();
        await serving;
        await prewarming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return unfit.IsCompleted ? throw await unfit : 0;
    }

    private static string Keys(WebOptions options) => options.ApiKeys.Count == 0 ? "none, loopback only" : string.Join(", ", options.ApiKeys);

    [LoggerMessage(200, LogLevel.Information, "CodeExec {Version} listens on {Addresses}, mode {Mode}, API keys: {Keys}")]
    private static partial void LogListening(ILogger log, string version, string addresses, string mode, string keys);
}
