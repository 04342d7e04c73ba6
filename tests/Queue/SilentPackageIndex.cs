using System.Net;
using System.Net.Sockets;

namespace CodeExec.Tests.Queue;

/// <summary>A package index that takes connections and never answers: an installation that asks it stays under way.</summary>
internal sealed class SilentPackageIndex : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task<Socket> _first;

    public SilentPackageIndex()
    {
        _listener.Start();
        _first = _listener.AcceptSocketAsync();
    }

    /// <summary>For PIP_FIND_LINKS.</summary>
    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

    /// <summary>Done when pip has asked.</summary>
    public Task Asked => _first.WaitAsync(TimeSpan.FromSeconds(45));

    public void Dispose()
    {
        if (_first.IsCompletedSuccessfully) _first.Result.Dispose();
        _listener.Dispose();
    }
}
