using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
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
    public async Task A_job_that_was_started_counts_as_begun_although_no_message_says_so()
    {
        var options = Options with { QueueTimeout = TimeSpan.FromSeconds(10) };
        await using var web = await OpenSenderAsync(options);
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var first = Job();
        using (var sent = await web.Side.SendAsync(first, CancellationToken.None))
        {
            handler.End(first.Id, Result("first"));
            await FinishedAsync(sent);
        }
        await using var silence = await LoseMessagesAsync();
        var job = Job();
        using var stop = new JobStop();
        await using var events = new QueuedJobRunner(web.Side, options, TimeProvider.System).RunAsync(job, stop).GetAsyncEnumerator();

        Assert.True(await events.MoveNextAsync());
        Assert.IsType<JobTaken>(events.Current);
        handler.End(job.Id, Result("done"));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("done", Assert.IsType<JobFinished>(events.Current).Result.Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_no_job_may_wait_one_still_runs_on_a_free_worker()
    {
        var options = Options with { QueueLimit = 0 };
        await using var web = await OpenSenderAsync(options);
        var handler = new ScriptedHandler { Always = _ => Task.FromResult(Result("done")) };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(options, TimeSpan.FromSeconds(5)), handler);

        using var sent = await web.Side.SendAsync(Job(), CancellationToken.None);

        Assert.Equal("done", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_redis_that_is_full_for_longer_than_a_lease_stops_no_job()
    {
        var options = Options with { Lease = TimeSpan.FromSeconds(2), RenewEvery = TimeSpan.FromSeconds(0.5) };
        await using var web = await OpenSenderAsync(options);
        var handler = new ScriptedHandler(slots: 1);
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(options, TimeSpan.FromSeconds(5)), handler);
        var (running, waiting) = (Job(), Job());
        using var sentRunning = await web.Side.SendAsync(running, CancellationToken.None);
        await handler.Started(running.Id);
        using var sentWaiting = await web.Side.SendAsync(waiting, CancellationToken.None);

        await _redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        // The outage: signs of life run out, and are given a second look.
        await Task.Delay(3 * options.Lease);
        handler.End(running.Id, Result("ran"));
        handler.End(waiting.Id, Result("waited"));

        Assert.Equal("ran", (await FinishedAsync(sentRunning)).Stdout);
        Assert.Equal("waited", (await FinishedAsync(sentWaiting)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_whose_sending_was_not_answered_is_cancelled_as_soon_as_redis_answers()
    {
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        await using var way = LossyRedis.To(_redis);
        var options = Options with { RedisUrl = way.Url, CommandTimeout = TimeSpan.FromSeconds(1) };
        await using var web = await RedisEngine.OpenSenderAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        using (var first = await web.Sender!.SendAsync(Job("first"), CancellationToken.None))
        {
            await Eventually.HoldsAsync(() => handler.Handled.Count == 1, "a job that came this way");
            handler.End(handler.Handled.Single(), Result(""));
            await FinishedAsync(first);
        }

        var job = Job();
        way.LoseAnswers();
        var sending = web.Sender.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);
        // The cancel doesn't arrive, either.
        way.Silence();
        Assert.Contains("unknown", (await Assert.ThrowsAsync<RunnerException>(() => sending)).Message, StringComparison.Ordinal);
        Assert.False(web.IsConnected);
        Assert.Contains("was not run", (await Assert.ThrowsAsync<RunnerException>(() => web.Sender.SendAsync(Job(), CancellationToken.None))).Message, StringComparison.Ordinal);
        way.Cut();

        await Eventually.HoldsAsync(() => delivery.Stop.Reason is StopReason.ClientCancelled, "a cancel that arrives");
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
