using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>The web process as an operator meets it.</summary>
public sealed class WebProcessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("codeexec-web-").FullName;

    [Fact(Timeout = TestWeb.Limit)]
    public async Task It_says_where_it_listens_and_ends_in_order_on_sigterm()
    {
        using var process = Start(("API_KEY", "alice:key-of-alice"), ("HOST", "127.0.0.1"), ("PORT", "0"));
        var line = await LineWithAsync(process, "listens on");
        Assert.Contains("mode embedded, API keys: alice", line, StringComparison.Ordinal);
        Assert.DoesNotContain("key-of-alice", line, StringComparison.Ordinal);

        using var client = new HttpClient { BaseAddress = new Uri(line.Split("listens on ")[1].Split(',')[0]), Timeout = TestWeb.Patience };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sse") { Headers = { { "x-api-key", "key-of-alice" } } };
        using var stream = new Answer(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        await (await stream.EventsAsync()).NextEventAsync();
        await SignalAsync(process, "TERM");
        await SignalAsync(process, "TERM");
        Assert.Equal("the server is shutting down", await (await stream.EventsAsync()).NextCommentAsync());
        await process.WaitForExitAsync().WaitAsync(TestWeb.Patience);
        Assert.Equal(0, process.ExitCode);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Settings_that_can_not_be_used_end_it_with_code_78()
    {
        using var process = Start(("HOST", "0.0.0.0"), ("PORT", "many"));
        var error = await process.StandardError.ReadToEndAsync().WaitAsync(TestWeb.Patience);
        await process.WaitForExitAsync().WaitAsync(TestWeb.Patience);
        Assert.Equal(78, process.ExitCode);
        Assert.Contains("API_KEY is not set", error, StringComparison.Ordinal);
        Assert.Contains("PORT is \"many\"", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_port_that_is_taken_ends_it_with_one_line_that_says_so()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        using var process = Start(("PORT", $"{port}"));
        var error = await process.StandardError.ReadToEndAsync().WaitAsync(TestWeb.Patience);
        await process.WaitForExitAsync().WaitAsync(TestWeb.Patience);
        Assert.Equal(1, process.ExitCode);
        Assert.Equal($"Port {port} of 127.0.0.1 is taken by another process. End that one, or set PORT to a free port.", error.Trim());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Process Start(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "CodeExec.Web.dll")])
        {
            WorkingDirectory = _folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name is "API_KEY" or "HOST" or "PORT" or "DYNO").ToList()) start.Environment.Remove(name);
        // No Python: what it would warm up is none of these tests' business.
        (string, string)[] own = [("PYTHON", "/nowhere/python3"), ("WORK_DIR", Path.Combine(_folder, "work")), ("PACKAGE_CACHE_DIR", Path.Combine(_folder, "cache"))];
        foreach (var (name, value) in own.Concat(settings)) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task<string> LineWithAsync(Process process, string text)
    {
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(TestWeb.Patience) is { } line)
            if (line.Contains(text, StringComparison.Ordinal)) return line;
        throw new InvalidOperationException($"The process ended without saying \"{text}\": {await process.StandardError.ReadToEndAsync()}");
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(TestWeb.Patience);
    }
}
