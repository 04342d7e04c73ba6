using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace CodeExec.Tests.Support;

/// <summary>A way to a redis-server on which answers can get lost: commands arrive and are carried out, and nobody hears of it.</summary>
internal sealed class LossyRedis : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _connections = [];
    private readonly int _redisPort;
    private readonly Task _serving;
    private volatile bool _losing;
    private volatile bool _silent;

    private LossyRedis(int redisPort)
    {
        _redisPort = redisPort;
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Opens a way.</summary>
    public static LossyRedis To(RedisServer redis) => new(redis.Port);

    /// <summary>The address of this way.</summary>
    public string Url => $"redis://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>From here on no answer arrives.</summary>
    public void LoseAnswers() => _losing = true;

    /// <summary>From here on nothing arrives, in neither direction, as if who uses this way were frozen.</summary>
    public void Silence() => _losing = _silent = true;

    /// <summary>Cuts all connections; new ones work.</summary>
    public void Cut()
    {
        while (_connections.TryTake(out var connection)) connection.Dispose();
        _losing = _silent = false;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync();
            var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, _redisPort);
            _connections.Add(client);
            _connections.Add(server);
            _ = CopyAsync(client, server, isAnswer: false);
            _ = CopyAsync(server, client, isAnswer: true);
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, bool isAnswer)
    {
        try
        {
            var (source, target, buffer) = (from.GetStream(), to.GetStream(), new byte[64 * 1024]);
            while (await source.ReadAsync(buffer) is var count and > 0)
                if (isAnswer ? !_losing : !_silent) await target.WriteAsync(buffer.AsMemory(0, count));
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut, or closed by one side.
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }
}
