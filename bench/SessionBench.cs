namespace CodeExec.Bench;

/// <summary>What 1,000 SSE clients cost that are connected and silent.</summary>
internal sealed class SessionBench(BenchOptions options)
{
    private const int Sessions = 1000;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var web = await WebServer.StartAsync(options, ("MAX_SSE_SESSIONS", $"{Sessions}"));
        using var client = new ToolClient(web.Url);
        await client.CallAsync("pass");
        var before = web.ResidentMegabytes;
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = Sessions };
        using var http = new HttpClient(handler) { BaseAddress = web.Url };
        var streams = new List<Stream>();
        try
        {
            for (var i = 0; i < Sessions; i++)
            {
                var stream = await http.GetStreamAsync("sse");
                streams.Add(stream);
                // The endpoint event has come: the session stands.
                await stream.ReadExactlyAsync(new byte[16]);
            }
            report.Add($"web with {Sessions} idle SSE sessions, over its size before", "resident memory", $"{web.ResidentMegabytes - before:0} MB");
        }
        finally
        {
            foreach (var stream in streams) await stream.DisposeAsync();
        }
    }
}
