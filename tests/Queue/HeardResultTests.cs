using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>A result is stored until its web process has had it for a while, and not for as long as one that was never heard.</summary>
public sealed class HeardResultTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_result_that_was_heard_is_deleted_ten_seconds_later()
    {
        await using var web = await OpenWebAsync();
        await RunAsync(web, "early");
        for (var i = 0; i < 9; i++) await _time.PassAsync(TimeSpan.FromSeconds(1));
        await RunAsync(web, "late");
        Assert.Equal(2, (await ResultsAsync()).Count);

        await _time.PassAsync(TimeSpan.FromSeconds(1));

        await Eventually.HoldsAsync(async () => (await ResultsAsync()).Count == 1, "an end of the early one");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_web_process_that_ends_takes_with_it_what_it_has_heard()
    {
        await using (var web = await OpenWebAsync())
        {
            await RunAsync(web, "heard");
            Assert.Single(await ResultsAsync());
        }
        Assert.Empty(await ResultsAsync());
    }

    private Task<IReadOnlyList<string>> ResultsAsync() => _redis.KeysAsync("codeexec:result:*");

    private Task<RedisEngine> OpenWebAsync() =>
        RedisEngine.OpenSenderAsync(new QueueOptions { RedisUrl = _redis.Url }, NullLoggerFactory.Instance, _time, CancellationToken.None);

    private async Task RunAsync(RedisEngine web, string says)
    {
        var handler = new ScriptedHandler { Always = _ => Task.FromResult(QueueContract.Result(says)) };
        var engine = await RedisEngine.OpenReceiverAsync(
            new QueueOptions { RedisUrl = _redis.Url }, TimeSpan.FromSeconds(5), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        await using var worker = await RunningWorker.StartAsync(new OpenRedis<IJobReceiver>(engine, open => open.Receiver!), handler);
        using var sent = await web.Sender!.SendAsync(Jobs.Python("pass"), CancellationToken.None);
        Assert.Equal(says, (await QueueContract.FinishedAsync(sent)).Stdout);
    }
}
