using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Bench;

/// <summary>The reference app's way to run code (reference_way.py), in a virtual environment of its own; ended when disposed.</summary>
internal sealed class ReferenceServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly int _port;

    private ReferenceServer(Process process, int port)
    {
        _process = process;
        _port = port;
    }

    /// <summary>Starts it.</summary>
    public static async Task<ReferenceServer> StartAsync(BenchOptions options)
    {
        var environment = Path.Combine(options.Scratch, "reference");
        if (!Directory.Exists(environment))
        {
            using var venv = Process.Start(new ProcessStartInfo(options.Python, ["-m", "venv", environment]) { UseShellExecute = false })!;
            await venv.WaitForExitAsync();
            if (venv.ExitCode != 0) throw new InvalidOperationException($"python3 -m venv ended with code {venv.ExitCode}; on Debian it needs python3-venv.");
        }
        var start = new ProcessStartInfo(Path.Combine(environment, "bin/python3"), [Path.Combine(options.Root, "bench/reference_way.py")]) { UseShellExecute = false, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        return new ReferenceServer(process, int.Parse((await process.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture));
    }

    /// <summary>Opens a connection; calls on it follow one another.</summary>
    public async Task<Caller> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", _port);
        return new Caller(client);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>One caller.</summary>
    public sealed class Caller : IDisposable
    {
        private readonly TcpClient _client;
        private readonly StreamReader _reader;

        public Caller(TcpClient client)
        {
            _client = client;
            _reader = new StreamReader(client.GetStream());
        }

        /// <summary>One call; throws when the code failed.</summary>
        public async Task CallAsync(string code, params string[] packages)
        {
            var call = new JsonObject { ["code"] = code, ["packages"] = new JsonArray([.. packages.Select(package => (JsonNode)package)]) };
            await _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(call.ToJsonString() + "\n"));
            var answer = await _reader.ReadLineAsync();
            if (answer is null || JsonNode.Parse(answer)!["returncode"]!.GetValue<int>() != 0) throw new InvalidOperationException(answer);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            _reader.Dispose();
            _client.Dispose();
        }
    }
}
