using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace CodeExec.Bench;

/// <summary>A real redis-server, one web process that sends jobs, and workers that take them; all ended when disposed.</summary>
internal sealed class QueueStack : IAsyncDisposable
{
    private readonly ServiceProcess _redis;
    private readonly List<ServiceProcess> _workers = [];
    private readonly int _port;

    private QueueStack(ServiceProcess redis, int port)
    {
        _redis = redis;
        _port = port;
    }

    /// <summary>The web process.</summary>
    public WebServer Web { get; private set; } = null!;

    /// <summary>The workers' processes.</summary>
    public IEnumerable<int> WorkerPids => _workers.Select(worker => worker.Pid);

    /// <summary>What each worker's process holds in memory.</summary>
    public IEnumerable<double> WorkerMegabytes => _workers.Select(worker => worker.ResidentMegabytes);

    /// <summary>Starts all of it.</summary>
    /// <param name="options">Where the programs are.</param>
    /// <param name="workers">How many.</param>
    /// <param name="slots">Jobs that each runs at once.</param>
    /// <param name="settings">Further environment variables of all.</param>
    public static async Task<QueueStack> StartAsync(BenchOptions options, int workers, int slots, params (string Name, string Value)[] settings)
    {
        var port = FreePort.Find();
        var stack = new QueueStack(ServiceProcess.Start("redis-server", ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()]), port);
        try
        {
            var url = ("REDIS_URL", $"redis://127.0.0.1:{port}");
            stack.Web = await WebServer.StartAsync(options, [url, .. settings]);
            for (var i = 0; i < workers; i++)
                stack._workers.Add(ServiceProcess.Start(options.Program("Worker"), ["work"], [url, ("WORKER_CONCURRENCY", $"{slots}"), .. options.Settings, .. settings]));
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>What Redis holds for its data, in bytes (INFO memory, used_memory_dataset).</summary>
    public async Task<long> RedisDatasetBytesAsync()
    {
        var text = await AskAsync("INFO memory");
        const string Field = "used_memory_dataset:";
        var start = text.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        return long.Parse(text[start..text.IndexOf('\r', start)], CultureInfo.InvariantCulture);
    }

    /// <summary>How many keys there are (DBSIZE).</summary>
    public async Task<long> RedisKeysAsync() => long.Parse((await AskAsync("DBSIZE")).Trim().TrimStart(':'), CultureInfo.InvariantCulture);

    private async Task<string> AskAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"));
        var buffer = new byte[16 * 1024];
        return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers) await worker.DisposeAsync();
        if (Web is not null) await Web.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
