namespace CodeExec.Bench;

/// <summary>The published web process on a free loopback port; ended when disposed.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly ServiceProcess _process;

    private WebServer(ServiceProcess process, Uri url)
    {
        _process = process;
        Url = url;
    }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>Its process.</summary>
    public int Pid => _process.Pid;

    /// <summary>What it holds in memory (VmRSS).</summary>
    public double ResidentMegabytes => _process.ResidentMegabytes;

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="options">Where the programs are.</param>
    /// <param name="settings">Further environment variables: REDIS_URL makes it send jobs to workers.</param>
    public static async Task<WebServer> StartAsync(BenchOptions options, params (string Name, string Value)[] settings)
    {
        var port = FreePort.Find();
        var process = ServiceProcess.Start(options.Program("Web"), [], [("PORT", $"{port}"), ("HOST", "127.0.0.1"), ("QUEUE_LIMIT", "10000"), .. options.Settings, .. settings]);
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

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

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
}
