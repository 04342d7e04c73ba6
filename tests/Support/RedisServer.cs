using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CodeExec.Shared.Engines.Redis;

namespace CodeExec.Tests.Support;

/// <summary>A real redis-server on a free loopback port, without files on disk; ended by pid when disposed.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string[] _extra;
    private Process? _process;

    private RedisServer(int port, string[] extra, Process process)
    {
        Port = port;
        _extra = extra;
        _process = process;
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>The address without password and TLS.</summary>
    public string Url => $"redis://127.0.0.1:{Port}";

    /// <summary>Its process, for signals.</summary>
    public int Pid => _process?.Id ?? throw new InvalidOperationException("The redis-server does not run.");

    /// <summary>Starts one and waits until it takes connections.</summary>
    /// <param name="extra">Further options, as on its command line.</param>
    public static async Task<RedisServer> StartAsync(params string[] extra)
    {
        var port = FreePort.Find();
        return new RedisServer(port, extra, await LaunchAsync(port, extra));
    }

    /// <summary>Kills it and starts it again, empty, on the same port.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        _process = await LaunchAsync(Port, _extra);
    }

    /// <summary>Kills it.</summary>
    public async Task StopAsync()
    {
        if (_process is null) return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Sends a command over a connection of its own and returns the raw answer.</summary>
    public async Task<string> CommandAsync(params string[] words)
    {
        using var client = await ConnectAsync();
        return await AskAsync(client, words);
    }

    /// <summary>Cuts off everybody who listens on a channel and lets nobody in again until disposed: all messages meanwhile are lost.</summary>
    public async Task<IAsyncDisposable> WithoutListenersAsync()
    {
        // On a connection that stays open, since not even the test could open another.
        var client = await ConnectAsync();
        if (await AskAsync(client, "CONFIG", "SET", "maxclients", "1") is not "+OK\r\n" || await AskAsync(client, "CLIENT", "KILL", "TYPE", "pubsub") is ":0\r\n")
            throw new InvalidOperationException("Nobody was cut off.");
        return new Silence(client);
    }

    /// <summary>The keys that a pattern matches.</summary>
    public async Task<IReadOnlyList<string>> KeysAsync(string pattern = "*") =>
        [.. (await CommandAsync("KEYS", pattern)).Split("\r\n").Where(line => line.Length > 0 && line[0] is not ('*' or '$'))];

    /// <summary>The jobs that were handed to a worker with their packages, also when they were recalled since, as they are after 300 ms.</summary>
    public async Task<IReadOnlyList<string>> HandedJobsAsync()
    {
        var handed = new List<string>();
        foreach (var key in await KeysAsync(RedisKeys.JobPrefix + "*"))
        {
            if (await CommandAsync("HEXISTS", key, "warm") is ":1\r\n") handed.Add(key[RedisKeys.JobPrefix.Length..]);
        }
        return handed;
    }

    /// <summary>Its clock, in ms.</summary>
    public async Task<long> TimeAsync() => long.Parse((await CommandAsync("TIME")).Split("\r\n")[2], CultureInfo.InvariantCulture) * 1000;

    /// <summary>When the oldest job in the queue is given up, in ms by its clock.</summary>
    public async Task<long> DeadlineAsync()
    {
        var words = (await CommandAsync("XRANGE", "codeexec:jobs", "-", "+", "COUNT", "1")).Split("\r\n");
        return long.Parse(words[Array.IndexOf(words, "deadline") + 2], CultureInfo.InvariantCulture);
    }

    /// <summary>Stands still, as in a failover: connections stay open and nothing is answered.</summary>
    public Task FreezeAsync() => SignalAsync("STOP");

    /// <summary>Goes on.</summary>
    public Task ThawAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        return client;
    }

    private static async Task<string> AskAsync(TcpClient client, params string[] words)
    {
        var stream = client.GetStream();
        var command = $"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n"));
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(command));
        var buffer = new byte[256 * 1024];
        var count = await stream.ReadAsync(buffer);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, count);
    }

    private async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Pid}"]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0) throw new InvalidOperationException($"redis-server {Pid} got no SIG{name}.");
    }

    private static async Task<Process> LaunchAsync(int port, string[] extra)
    {
        var start = new ProcessStartInfo("redis-server", ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", .. extra])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        var process = Process.Start(start)!;
        var ready = new TaskCompletionSource();
        var said = new List<string>();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) ready.TrySetException(new InvalidOperationException($"redis-server ended: {string.Join('\n', said)}"));
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal)) ready.TrySetResult();
            else lock (said) said.Add(line.Data);
        };
        process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(20));
        return process;
    }

    private sealed class Silence(TcpClient client) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await AskAsync(client, "CONFIG", "SET", "maxclients", "10000");
            client.Dispose();
        }
    }
}
