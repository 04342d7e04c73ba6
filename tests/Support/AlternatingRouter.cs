using System.Net;
using System.Net.Sockets;

namespace CodeExec.Tests.Support;

/// <summary>
/// A router of TCP connections that knows no affinity: each new connection goes to the next port. With its client, which never uses a
/// connection twice, neighbouring requests always land on different processes; a random choice would leave that to luck.
/// </summary>
internal sealed class AlternatingRouter : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int[] _ports;
    private readonly int[] _used;
    private readonly Lock _lock = new();
    private readonly List<TcpClient> _open = [];
    private readonly Task _routing;

    public AlternatingRouter(int[] ports)
    {
        (_ports, _used) = (ports, new int[ports.Length]);
        _listener.Start();
        _routing = RouteAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How many connections went to each port.</summary>
    public IReadOnlyList<int> Used => _used;

    /// <summary>Breaks every connection that is open; new ones are taken as before.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var client in _open) client.Dispose();
            _open.Clear();
        }
    }

    /// <summary>A client with a new connection for each request.</summary>
    public static HttpClient CreateClient() => new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { Timeout = TimeSpan.FromSeconds(45) };

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _routing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task RouteAsync()
    {
        for (var next = 0; ; next = (next + 1) % _ports.Length)
        {
            var client = await _listener.AcceptTcpClientAsync(_end.Token);
            _used[next]++;
            lock (_lock) _open.Add(client);
            _ = ForwardAsync(client, _ports[next], _end.Token);
        }
    }

    // One side that ends, or breaks, ends the other.
    private static async Task ForwardAsync(TcpClient client, int port, CancellationToken end)
    {
        using (client)
        using (var server = new TcpClient())
        {
            await server.ConnectAsync(IPAddress.Loopback, port, end);
            var (near, far) = (client.GetStream(), server.GetStream());
            await Task.WhenAny(near.CopyToAsync(far, end), far.CopyToAsync(near, end));
        }
    }
}
