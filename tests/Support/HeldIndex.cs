using System.Net;
using System.Net.Sockets;
using CodeExec.Shared.Settings;

namespace CodeExec.Tests.Support;

/// <summary>
/// A package index on loopback that lets pip wait until the test releases it, and then has no package: pip goes on with its wheel
/// folder. So a test decides how long an install takes, and sees how often pip asked.
/// </summary>
internal sealed class HeldIndex : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _serving;
    private int _asked;

    public HeldIndex()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>How many requests came.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>The address, with a password in it.</summary>
    public string Url => $"http://reader:s3cret-p@ss@127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/simple";

    /// <summary>The options with this index in use.</summary>
    public PackageOptions In(PackageOptions options) => options with
    {
        PipEnvironment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PIP_FIND_LINKS"] = options.PipEnvironment["PIP_FIND_LINKS"], ["PIP_INDEX_URL"] = Url },
    };

    /// <summary>Waits until pip waits here.</summary>
    public Task WasAsked() => Eventually.HoldsAsync(() => Asked > 0, "a question to the index");

    /// <summary>Lets pip go on.</summary>
    public void Release() => _released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        _listener.Stop();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync();
            _ = AnswerAsync(client);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var connection = client;
        var stream = client.GetStream();
        if (await stream.ReadAsync(new byte[4096]) == 0) return;
        Interlocked.Increment(ref _asked);
        await _released.Task;
        await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
    }
}
