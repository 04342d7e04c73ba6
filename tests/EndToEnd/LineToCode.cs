using System.Net;
using System.Net.Sockets;

namespace CodeExec.Tests.EndToEnd;

/// <summary>
/// A line between a test and the Python code that it runs: the code calls, the test sees that it runs, answers when the code may go on,
/// and sees its end, since a process that is gone holds no line.
/// </summary>
public sealed class LineToCode : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private TcpClient? _code;

    public LineToCode() => _listener.Start();

    /// <summary>Python that calls, and then waits for the answer or for ever.</summary>
    public string CallAndWait => $"import socket; line = socket.create_connection(('127.0.0.1', {((IPEndPoint)_listener.LocalEndpoint).Port})); line.recv(1)";

    /// <summary>Waits until the code calls.</summary>
    /// <param name="runner">The program that was told to run the code; when it ends without a call, its output says why.</param>
    public async Task CalledAsync(RunningProgram runner)
    {
        using var patience = new CancellationTokenSource(Limit);
        var call = _listener.AcceptTcpClientAsync(patience.Token).AsTask();
        await Task.WhenAny(call, runner.EndAsync(Limit));
        if (!call.IsCompletedSuccessfully) Assert.Fail($"The code never called:\n{runner.Transcript}");
        _code = await call;
    }

    public async Task AnswerAsync() => await _code!.GetStream().WriteAsync(new byte[1]);

    /// <summary>Waits until the code's process is gone.</summary>
    public async Task EndedAsync()
    {
        using var patience = new CancellationTokenSource(Limit);
        try { Assert.Equal(0, await _code!.GetStream().ReadAsync(new byte[1], patience.Token)); }
        catch (IOException) { /* Reset: gone as well. */ }
    }

    public void Dispose()
    {
        _code?.Dispose();
        _listener.Dispose();
    }
}
