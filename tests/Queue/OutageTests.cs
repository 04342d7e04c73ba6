using CodeExec.Tests.Support;
using TestFolder = CodeExec.Tests.EndToEnd.TestFolder;

namespace CodeExec.Tests.Queue;

/// <summary>Redis goes away while calls wait and run, in every way it can: callers hear of it, and no process needs a restart.</summary>
public sealed class OutageTests : IDisposable
{
    // How long the outages last: longer than leases and signs of life.
    private static readonly TimeSpan LongerThanALease = TimeSpan.FromSeconds(10);

    private readonly TestFolder _folder = new();

    [Fact(Timeout = 120_000)]
    public async Task Redis_standing_still_loses_no_call()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await service.AddWebAsync();
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        using var running1 = await service.CallAsync(service.Ledger.Waiting("running1"));
        using var running2 = await service.CallAsync(service.Ledger.Waiting("running2", gate: "meanwhile"), service.Webs[1]);
        await running1.PrintedAsync("started running1");
        await running2.PrintedAsync("started running2");
        using var queued1 = await service.CallAsync(service.Ledger.Short("queued1"));
        using var queued2 = await service.CallAsync(service.Ledger.Short("queued2"), service.Webs[1]);
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 4, "a queue that holds all");

        await service.Redis.FreezeAsync();
        service.Ledger.OpenGate("meanwhile");
        using var refused = await service.CallAsync(service.Ledger.Short("refused"));
        Assert.Contains("can't be reached", (await refused.AnswerAsync()).Text, StringComparison.Ordinal);
        await Task.Delay(LongerThanALease);
        foreach (var web in service.Webs)
        {
            Assert.Contains("queue_unreachable", await service.Client.GetStringAsync(new Uri(web.Url, "/health")), StringComparison.Ordinal);
            Assert.Contains("did not answer within 3 s", web.Transcript, StringComparison.Ordinal);
        }
        await service.Redis.ThawAsync();

        Assert.Equal("started running2\nended running2", (await running2.AnswerAsync()).Stdout);
        Assert.Equal("started queued1", (await queued1.AnswerAsync()).Stdout);
        Assert.Equal("started queued2", (await queued2.AnswerAsync()).Stdout);
        // Whatever would be decided wrongly is decided by now: the second look is over when a lease of its length has come and gone.
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:result:*")).Count == 0, "an end of the heard results");
        service.Ledger.OpenGate();
        Assert.Equal("started running1\nended running1", (await running1.AnswerAsync()).Stdout);
        await service.AnswersAsync();
        Assert.Equal(["queued1", "queued2", "running1", "running2"], service.Ledger.Names().Order());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_restart_that_keeps_the_data_loses_no_call()
    {
        var redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always", "--dir", _folder.Path);
        await using var service = await QueueService.StartAsync(redis);
        await service.AddWebAsync();
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");
        using var queued = await service.CallAsync(service.Ledger.Short("queued"));
        await Eventually.HoldsAsync(async () => (await redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue that holds both");

        await redis.StopAsync();
        await Task.Delay(LongerThanALease);
        await redis.RestartAsync();

        // A worker of its own for the calls that show when Redis is back for good.
        await service.AddWorkerAsync();
        await service.RecoversAsync();
        service.Ledger.OpenGate();
        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);
        Assert.Equal("started queued", (await queued.AnswerAsync()).Stdout);
        Assert.Equal(["queued", "running"], service.Ledger.Names().Order());
        await service.AnswersAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_restart_that_empties_it_ends_running_calls_as_usual_and_tells_those_that_waited()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "1"));
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");
        using var queued = await service.CallAsync(service.Ledger.Short("queued"));
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 2, "a queue that holds both");

        await service.Redis.RestartAsync();

        var lost = await queued.AnswerAsync();
        Assert.True(lost.IsError, $"{lost}");
        Assert.Contains("got lost", lost.Text, StringComparison.Ordinal);
        service.Ledger.OpenGate();
        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);
        await service.RecoversAsync();
        Assert.Equal(["running"], service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_flush_ends_running_calls_as_usual_and_tells_those_that_waited()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "2"));
        using var early = await service.CallAsync(service.Ledger.Waiting("early", gate: "early"));
        using var late = await service.CallAsync(service.Ledger.Waiting("late"));
        await early.PrintedAsync("started early");
        await late.PrintedAsync("started late");
        using var queued = await service.CallAsync(service.Ledger.Short("queued"));
        await Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:job:*")).Count == 3, "a queue that holds all");

        await service.Redis.CommandAsync("FLUSHALL");
        service.Ledger.OpenGate("early");

        Assert.Equal("started early\nended early", (await early.AnswerAsync()).Stdout);
        var lost = await queued.AnswerAsync();
        Assert.True(lost.IsError, $"{lost}");
        Assert.Contains("got lost", lost.Text, StringComparison.Ordinal);
        service.Ledger.OpenGate();
        Assert.Equal("started late\nended late", (await late.AnswerAsync()).Stdout);
        await service.AnswersAsync();
        Assert.Equal(["early", "late"], service.Ledger.Names().Order());
    }

    [Fact(Timeout = 120_000)]
    public async Task Calls_made_after_a_flush_are_answered_while_one_from_before_still_runs()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");

        await service.Redis.CommandAsync("FLUSHALL");
        await Eventually.HoldsAsync(async () => await service.Redis.CommandAsync("ZCARD", "codeexec:leases") is ":1\r\n", "the running job, listed again");

        await service.AnswersAsync();
        service.Ledger.OpenGate();
        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_result_arrives_although_its_message_is_lost()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        using var call = await service.CallAsync(service.Ledger.Waiting("quiet"));
        await call.PrintedAsync("started quiet");

        await using (await service.Redis.WithoutListenersAsync())
        {
            service.Ledger.OpenGate();
            Assert.Equal("started quiet\nended quiet", (await call.AnswerAsync()).Stdout);
        }
        await service.AnswersAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task A_full_redis_answers_busy_and_empties_itself()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");

        await service.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        using var refused = await service.CallAsync(service.Ledger.Short("refused"));
        var busy = await refused.AnswerAsync();
        Assert.True(busy.IsError, $"{busy}");
        Assert.Contains("busy: its queue holds as much as it may", busy.Text, StringComparison.Ordinal);
        service.Ledger.OpenGate();
        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);

        await service.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        await service.AnswersAsync();
        Assert.Equal(["running"], service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_redis_that_refuses_writes_for_a_while_loses_no_call_and_ends_no_process()
    {
        await using var service = await QueueService.StartAsync(workers: 1);
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");

        // As in a failover: somebody's replica from now on. Nobody listens there.
        await service.Redis.CommandAsync("REPLICAOF", "127.0.0.1", "1");
        using var refused = await service.CallAsync(service.Ledger.Short("refused"));
        Assert.True((await refused.AnswerAsync()).IsError);
        service.Ledger.OpenGate();
        await Task.Delay(LongerThanALease);
        await service.Redis.CommandAsync("REPLICAOF", "NO", "ONE");

        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);
        await service.AnswersAsync();
        Assert.Equal(["running"], service.Ledger.Names());
    }

    public void Dispose() => _folder.Dispose();
}
