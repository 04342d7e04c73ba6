using System.Net;
using System.Net.Sockets;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>Code reaches the network that NETWORK gives it, and pip the index in any case.</summary>
public sealed class NetworkTests
{
    [Theory]
    [InlineData(NetworkAccess.On, true)]
    [InlineData(NetworkAccess.Off, false)]
    [InlineData(NetworkAccess.Ports, false)]
    public async Task A_service_on_loopback_is_reached_only_where_the_network_is_open(NetworkAccess access, bool reached)
    {
        if (LandlockRuleset.Version < 4) return;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        foreach (var forked in new[] { true, false })
        {
            await using var service = new TestService(
                options => options with { ForkServer = forked }, sandbox: new SandboxOptions { Network = access, Ports = access is NetworkAccess.Ports ? [80, 443] : [] });
            service.Wheels.Add("kettle", "1.0");
            if (forked) await service.Local.PrepareAsync(CancellationToken.None);
            var result = await service.RunAsync($"import socket, kettle\nsocket.create_connection(('127.0.0.1', {((IPEndPoint)listener.LocalEndpoint).Port}), 5)\nprint('connected')", "kettle");
            Assert.Equal(reached ? "connected\n" : "", result.Stdout);
            Assert.Equal(!reached, result.Stderr.Contains("PermissionError", StringComparison.Ordinal));
        }
        Assert.Equal(reached, listener.Pending());
    }

    [Fact]
    public async Task A_port_of_the_list_is_reached()
    {
        if (LandlockRuleset.Version < 4) return;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var service = new TestService(sandbox: new SandboxOptions { Network = NetworkAccess.Ports, Ports = [443, port] });
        Assert.Equal("connected\n", (await service.RunAsync($"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)\nprint('connected')")).Stdout);
    }

    [Theory]
    [InlineData("import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))")]
    [InlineData("import asyncio; asyncio.run(asyncio.sleep(0)); print(b'x')")]
    [InlineData("import multiprocessing as m; q = m.Queue(); p = m.Process(target=q.put, args=(b'x',)); p.start(); print(q.get()); p.join()")]
    public async Task What_needs_no_network_works_without_it(string code)
    {
        await using var service = new TestService(sandbox: new SandboxOptions { Network = NetworkAccess.Off });
        Assert.Equal("b'x'\n", (await service.RunAsync(code)).Stdout);
    }
}
