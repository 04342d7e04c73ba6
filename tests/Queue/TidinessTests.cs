using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>What the service takes of Redis, and leaves in it: a small one must do for ever.</summary>
public sealed class TidinessTests
{
    private const int Calls = 300;
    private const int AtOnce = 12;

    [Fact(Timeout = 180_000)]
    public async Task Many_calls_leave_nothing_behind_and_take_two_connections_a_process()
    {
        await using var service = await QueueService.StartAsync(workers: 2);
        await service.AddWebAsync();

        await Parallel.ForEachAsync(Enumerable.Range(0, Calls), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
        {
            using var call = await service.CallAsync($"print({i})", service.Webs[i % 2]);
            Assert.Equal($"{i}", (await call.AnswerAsync()).Stdout);
        });

        Assert.Equal(8, await ConnectionsAsync(service));
        Assert.Equal(":0\r\n", await service.Redis.CommandAsync("XLEN", "codeexec:jobs"));
        Assert.Equal(":0\r\n", await service.Redis.CommandAsync("ZCARD", "codeexec:leases"));
        Assert.StartsWith("*4\r\n:0\r\n", await service.Redis.CommandAsync("XPENDING", "codeexec:jobs", "workers"), StringComparison.Ordinal);
        var keys = await service.Redis.KeysAsync();
        Assert.Contains(keys, key => key.StartsWith("codeexec:web:", StringComparison.Ordinal));
        foreach (var key in keys.Where(key => key is not ("codeexec:jobs" or "codeexec:leases")))
            Assert.True(await service.Redis.CommandAsync("PTTL", key) is not ":-1\r\n", $"{key} never expires");
    }

    [Fact(Timeout = 120_000)]
    public async Task Stdio_opens_no_connection()
    {
        await using var service = await QueueService.StartAsync();
        await Checkout.BuiltAsync();
        await using var stdio = RunningProgram.StartShell(Checkout.ProcfileLine("mcp-python"), service.Settings);
        await stdio.TypeAsync(Messages.Initialize() + "\n" + Messages.Initialized + "\n" + Messages.Call(2, "print(6*7)") + "\n");
        await stdio.Stdout.HasAsync("\"id\":2,");

        Assert.Equal(0, await ConnectionsAsync(service));
        Assert.Contains("total_connections_received:2", await service.Redis.CommandAsync("INFO", "stats"), StringComparison.Ordinal);
    }

    // All but the one that asks.
    private static async Task<int> ConnectionsAsync(QueueService service) =>
        (await service.Redis.CommandAsync("CLIENT", "LIST")).Split('\n').Count(line => line.StartsWith("id=", StringComparison.Ordinal)) - 1;
}
