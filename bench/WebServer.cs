using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace CodeExec.Bench;

/// <summary>The published web process on a free loopback port; ended, by pid, when disposed.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly Process _process;

    private WebServer(Process process, Uri url)
    {
        _process = process;
        Url = url;
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    public static async Task<WebServer> StartAsync(BenchOptions options)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(options.Program("Web")) { UseShellExecute = false, RedirectStandardOutput = true };
        start.Environment["PORT"] = port.ToString();
        start.Environment["HOST"] = "127.0.0.1";
        start.Environment["PYTHON"] = options.Python;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var server = new WebServer(process, new Uri($"http://127.0.0.1:{port}/"));
        try
        {
            await server.AnswersAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it holds in memory (VmRSS).</summary>
    public long ResidentMegabytes()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1024 / 1024;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task AnswersAsync()
    {
        using var http = new HttpClient();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                if ((await http.GetAsync(new Uri(Url, "health"), limit.Token)).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
