using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>The contract, on a real redis-server.</summary>
public sealed class RedisQueueTests : WarmQueueContract
{
    private RedisServer _redis = null!;

    public override async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public override async Task DisposeAsync() => await _redis.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_a_worker_can_not_read_is_answered_and_harms_no_worker()
    {
        await using var web = await OpenSenderAsync(Options);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        var name = (await _redis.KeysAsync("codeexec:web:*")).Single()["codeexec:web:".Length..];
        await _redis.CommandAsync("DEL", "codeexec:jobs");
        await _redis.CommandAsync("XADD", "codeexec:jobs", "*", "id", job.Id, "job", """{"id":"?","code":"pass","packages":["of a newer syntax!"]}""", "web", name, "deadline", "9999999999999");
        var handler = new ScriptedHandler { Always = _ => Task.FromResult(Result("next")) };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);

        Assert.Contains($"reference {job.Id}", Assert.IsType<JobFailed>((await AllAsync(sent))[^1]).Message, StringComparison.Ordinal);

        using var next = await web.Side.SendAsync(Job(), CancellationToken.None);
        Assert.Equal("next", (await FinishedAsync(next)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_job_prints_that_nobody_follows_is_known_while_it_runs()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var job = Job() with { IsFollowed = false };
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);
        Assert.False(delivery.Job.IsFollowed);

        delivery.Publish(new OutputChunk(OutputStream.Stdout, 0, "so far"));

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        JobEvent happened;
        do happened = await sent.NextAsync(limit.Token);
        while (happened is not (OutputChunk or JobFinished));
        Assert.Equal(new OutputChunk(OutputStream.Stdout, 0, "so far"), happened);
        handler.End(job.Id, Result("so far"));
        await FinishedAsync(sent);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_was_given_away_and_comes_back_to_the_worker_that_still_has_it_goes_on_there()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler { HoldsBeforeStart = true };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var (job, next) = (Jobs.Python("pass", "numpy"), Jobs.Python("pass", "numpy"));
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        await handler.Started(job.Id);
        var key = $"codeexec:job:{job.Id}";
        var entry = await _redis.CommandAsync("HGET", key, "entry");

        // As if the worker had not been heard for so long; between two of its signs of life, sooner or later.
        await Eventually.HoldsAsync(
            async () =>
            {
                await _redis.CommandAsync("HSET", key, "suspect", "1");
                await _redis.CommandAsync("ZADD", "codeexec:leases", "0", job.Id);
                return await _redis.CommandAsync("HGET", key, "entry") != entry;
            },
            "a second entry");
        using var sentNext = await web.Side.SendAsync(next, CancellationToken.None);
        await handler.Started(next.Id);

        Assert.Equal([job.Id, next.Id], handler.Handled);
        handler.End(job.Id, Result(""));
        handler.End(next.Id, Result(""));
        await FinishedAsync(sent);
        await FinishedAsync(sentNext);
    }

    internal override Task<IAsyncDisposable> LoseMessagesAsync() => _redis.WithoutListenersAsync();

    internal override async Task<IOpenEngine<IJobSender>> OpenSenderAsync(QueueOptions options) =>
        new OpenRedis<IJobSender>(await RedisEngine.OpenSenderAsync(options with { RedisUrl = _redis.Url }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None), engine => engine.Sender!);

    internal override async Task<IOpenEngine<IJobReceiver>> OpenReceiverAsync(QueueOptions options, TimeSpan drainTime) =>
        new OpenRedis<IJobReceiver>(await RedisEngine.OpenReceiverAsync(options with { RedisUrl = _redis.Url }, drainTime, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None), engine => engine.Receiver!);
}

/// <summary>One side of a Redis engine.</summary>
internal sealed class OpenRedis<TSide>(RedisEngine engine, Func<RedisEngine, TSide> side) : IOpenEngine<TSide>
{
    public TSide Side => side(engine);

    public ValueTask DisposeAsync() => engine.DisposeAsync();
}
