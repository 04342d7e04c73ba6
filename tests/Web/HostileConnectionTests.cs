using System.Net;
using System.Net.Sockets;
using System.Text;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Web;

/// <summary>HTTP that is made to tie the server up or to be read in two ways; the next caller is served.</summary>
public sealed class HostileConnectionTests
{
    private const string Good = "POST /mcp HTTP/1.1\nHost: localhost\nContent-Type: application/json\n";

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("Transfer-Encoding: chunked\nContent-Length: 4\n\n1e\n\nGET /health HTTP/1.1\nHost: localhost\n\n0\n\n")]
    [InlineData("Content-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /health HTTP/1.1\nHost: localhost\n\n")]
    [InlineData("Content-Length: 2\nContent-Length: 60\n\n{}")]
    [InlineData("Content-Length: 2, 2\n\n{}")]
    [InlineData("Content-Length: -2\n\n{}")]
    [InlineData("Content-Length: 0x2\n\n{}")]
    [InlineData("Content-Length: 99999999999999999999\n\n{}")]
    [InlineData("Content-Length : 2\n\n{}")]
    [InlineData("Transfer-Encoding: xchunked\n\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked, identity\n\n0\n\n")]
    [InlineData("Transfer-Encoding: identity\n\n{}")]
    [InlineData("Transfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\nzz\n{}\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\n-1\n{}\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\nffffffffffffffffff\n{}\n0\n\n")]
    [InlineData("X-Folded: a\n b\nContent-Length: 2\n\n{}")]
    [InlineData("X-Nul: a\0b\nContent-Length: 2\n\n{}")]
    [InlineData(": nameless\nContent-Length: 2\n\n{}")]
    [InlineData("Host: evil.example\nContent-Length: 2\n\n{}")]
    public async Task A_request_that_two_servers_could_read_in_two_ways_is_refused_and_ends_its_connection(string rest)
    {
        await using var web = await TestWeb.StartAsync();
        using var socket = await RawRequest.OpenAsync(web.Address, Good + rest);
        var answer = await RawRequest.RestAsync(socket);
        Assert.True(answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), $"{answer}\n{string.Join('\n', web.Logs.Errors)}");
        Assert.Equal(1, Count(answer, "HTTP/1.1"));
        await ServesAsync(web);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData("POST http://evil.example/mcp HTTP/1.1\nHost: localhost\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nHost: localhost:80:80\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nHost: evil.example\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nHost: localhost.\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nHost: localhost\nOrigin: https://evil.example\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("POST /mcp HTTP/1.1\nHost: localhost\nOrigin: http://localhost\nOrigin: https://evil.example\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("POST //mcp HTTP/1.1\nHost: localhost\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("POST /%2e%2e/mcp%00 HTTP/1.1\nHost: localhost\nConnection: close\nContent-Length: 2\n\n{}")]
    [InlineData("CONNECT evil.example:443 HTTP/1.1\nHost: evil.example:443\nConnection: close\n\n")]
    [InlineData("PRI * HTTP/2.0\n\nSM\n\n")]
    [InlineData("GET /mcp HTTP/9.9\nHost: localhost\n\n")]
    [InlineData("GET /mcp\n\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\n\n")]
    public async Task A_request_for_another_host_or_of_another_kind_reaches_no_tool(string request)
    {
        await using var web = await TestWeb.StartAsync();
        using var socket = await RawRequest.OpenAsync(web.Address, request);
        var answer = await RawRequest.RestAsync(socket);
        Assert.DoesNotContain("HTTP/1.1 2", answer, StringComparison.Ordinal);
        await ServesAsync(web);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Headers_without_end_are_cut_off()
    {
        await using var web = await TestWeb.StartAsync();
        using var socket = await RawRequest.OpenAsync(web.Address, "GET /health HTTP/1.1\nHost: localhost\n");
        var line = Encoding.ASCII.GetBytes($"X-More: {new string('a', 1000)}\r\n");
        var sent = 0;
        var answer = RawRequest.RestAsync(socket);
        // What the sockets of both ends hold is some megabytes; more only goes through when somebody reads.
        while (!answer.IsCompleted && sent < 64 * 1024 * 1024)
        {
            try
            {
                sent += await socket.SendAsync(line);
            }
            catch (SocketException)
            {
                break;
            }
        }
        Assert.True(sent < 64 * 1024 * 1024, $"{sent} bytes of headers were taken");
        await ServesAsync(web);
    }

    [Theory(Timeout = TestWeb.Limit)]
    [InlineData(101, 10, "431")]
    [InlineData(40, 1000, "431")]
    [InlineData(1, 40_000, "431")]
    public async Task Too_many_or_too_long_headers_are_refused(int count, int length, string status)
    {
        await using var web = await TestWeb.StartAsync();
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('a', length)}\n"));
        var answer = await RawRequest.ExchangeAsync(web.Address, $"GET /health HTTP/1.1\nHost: localhost\nConnection: close\n{headers}\n");
        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
        await ServesAsync(web);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task A_request_line_that_is_too_long_is_refused()
    {
        await using var web = await TestWeb.StartAsync();
        var answer = await RawRequest.ExchangeAsync(web.Address, $"GET /health?{new string('a', 9000)} HTTP/1.1\nHost: localhost\nConnection: close\n\n");
        Assert.StartsWith("HTTP/1.1 414", answer, StringComparison.Ordinal);
        await ServesAsync(web);
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Five_hundred_clients_that_never_finish_their_headers_leave_others_served()
    {
        await using var web = await TestWeb.StartAsync();
        var sockets = new List<Socket>();
        for (var i = 0; i < 500; i++) sockets.Add(await RawRequest.OpenAsync(web.Address, "POST /mcp HTTP/1.1\nHost: localh"));
        await ServesAsync(web);
        // Kestrel's own clock ends them, after 15 s.
        Assert.StartsWith("HTTP/1.1 408", await RawRequest.RestAsync(sockets[0], Eventually.Limit), StringComparison.Ordinal);
        foreach (var socket in sockets) socket.Dispose();
    }

    [Fact(Timeout = TestWeb.Limit)]
    public async Task Connections_above_the_limit_are_closed_and_room_is_made_when_one_ends()
    {
        await using var web = await TestWeb.StartAsync(new WebOptions { MaxConnections = 3 });
        var held = new List<Socket>();
        for (var i = 0; i < 3; i++)
        {
            held.Add(await RawRequest.OpenAsync(web.Address, "GET /sse HTTP/1.1\nHost: localhost\n\n"));
            await ReadUntilAsync(held[i], "event: endpoint");
        }
        using (var refused = await RawRequest.OpenAsync(web.Address, "GET /health HTTP/1.1\nHost: localhost\n\n")) await ClosedAsync(refused);
        held[0].Dispose();
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    return (await RawRequest.ExchangeAsync(web.Address, "GET /health HTTP/1.1\nHost: localhost\nConnection: close\n\n")).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
                }
                catch (Exception fault) when (fault is IOException or SocketException)
                {
                    return false;
                }
            },
            "a connection for the next client");
        foreach (var socket in held) socket.Dispose();
    }

    private static int Count(string text, string part) => (text.Length - text.Replace(part, "", StringComparison.Ordinal).Length) / part.Length;

    private static async Task ReadUntilAsync(Socket socket, string text)
    {
        var buffer = new byte[4096];
        var read = new StringBuilder();
        while (!read.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer).WaitAsync(TestWeb.Patience);
            Assert.True(count > 0, $"The connection was closed after: {read}");
            read.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }

    private static async Task ClosedAsync(Socket socket)
    {
        try
        {
            Assert.Empty(await RawRequest.RestAsync(socket));
        }
        catch (IOException)
        {
            // Reset rather than closed.
        }
    }

    private static async Task ServesAsync(TestWeb web)
    {
        using var answer = await web.PostAsync("/mcp", Messages.List());
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.NotNull((await answer.NextAsync())["result"]);
    }
}
