using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>
/// A take whose answer is lost, or a message with a job: Redis holds jobs for the worker's, marked as started, and the worker knows nothing of
/// them. They must run, and only once.
/// </summary>
public sealed class LostAnswerTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private RedisEngine _web = null!;

    // Shorter than a service's, so that the tests are quick; on a busy machine a worker must be back long before its lease runs out.
    private QueueOptions Options => new()
    {
        RedisUrl = _redis.Url,
        CommandTimeout = TimeSpan.FromSeconds(1),
        Lease = TimeSpan.FromSeconds(6),
        RenewEvery = TimeSpan.FromSeconds(0.5),
    };

    // Leases and signs of life run out while Redis stands still for a few refused calls.
    private QueueOptions ShortLeases => Options with { Lease = TimeSpan.FromSeconds(2) };

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _web = await RedisEngine.OpenSenderAsync(Options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("numpy")]
    public async Task A_job_whose_take_was_not_heard_runs_once_and_what_runs_meanwhile_runs_on(string packages)
    {
        await using var way = LossyRedis.To(_redis);
        var handler = new ScriptedHandler(slots: 1);
        await using var worker = await StartWorkerAsync(Options with { RedisUrl = way.Url }, handler);
        var (running, unheard) = (Jobs.Python("running"), Jobs.Python("unheard", packages.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        using var sentRunning = await _web.Sender!.SendAsync(running, CancellationToken.None);
        await handler.Started(running.Id);
        using var sentUnheard = await _web.Sender!.SendAsync(unheard, CancellationToken.None);

        way.LoseAnswers();
        handler.Slots = 2;
        await Eventually.HoldsAsync(async () => !(await StateAsync(unheard)).Contains("queued", StringComparison.Ordinal), "a take");
        way.Cut();

        await RunOnceAsync(handler, (unheard, sentUnheard), (running, sentRunning));
        Assert.Equal([running.Id, unheard.Id], handler.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_whose_message_was_not_heard_runs_once_and_what_runs_meanwhile_runs_on()
    {
        await using var way = LossyRedis.To(_redis);
        var handler = new ScriptedHandler(slots: 2);
        var (running, unheard) = (Jobs.Python("running"), Jobs.Python("unheard"));
        using var sentRunning = await _web.Sender!.SendAsync(running, CancellationToken.None);
        await using var worker = await StartWorkerAsync(Options with { RedisUrl = way.Url }, handler);
        await handler.Started(running.Id);
        await ShownAsync();

        way.LoseAnswers();
        using var sentUnheard = await _web.Sender!.SendAsync(unheard, CancellationToken.None);
        Assert.Contains("started", await StateAsync(unheard), StringComparison.Ordinal);
        way.Cut();

        await RunOnceAsync(handler, (unheard, sentUnheard), (running, sentRunning));
        Assert.Equal([running.Id, unheard.Id], handler.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_leaves_a_message_unanswered_is_sent_no_further_jobs()
    {
        await using var way = LossyRedis.To(_redis);
        // Leases that last: nobody decides anything about the silent worker while the test goes on.
        var silent = new ScriptedHandler(slots: 4);
        await using var silentWorker = await StartWorkerAsync(new QueueOptions { RedisUrl = way.Url }, silent);
        await ShownAsync();
        var first = Jobs.Python("first");
        using var sentFirst = await _web.Sender!.SendAsync(first, CancellationToken.None);
        silent.End(first.Id, Result(""));
        await FinishedAsync(sentFirst);
        way.Silence();
        var swallowed = Jobs.Python("swallowed");
        using var sentSwallowed = await _web.Sender!.SendAsync(swallowed, CancellationToken.None);
        Assert.Contains("started", await StateAsync(swallowed), StringComparison.Ordinal);
        var since = await _redis.TimeAsync();
        await Eventually.HoldsAsync(async () => await _redis.TimeAsync() > since + 1000, "a moment without an answer");

        var other = new ScriptedHandler(slots: 1) { Always = delivery => Task.FromResult(Result(delivery.Job.Code)) };
        await using var otherWorker = await StartWorkerAsync(Options, other);
        for (var i = 0; i < 8; i++)
        {
            using var sent = await _web.Sender!.SendAsync(Jobs.Python($"{i}"), CancellationToken.None);
            Assert.Equal($"{i}", (await FinishedAsync(sent)).Stdout);
        }

        Assert.Equal(8, other.Handled.Count);
        way.Cut();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_with_a_job_that_takes_long_says_so_and_is_sent_further_ones()
    {
        var handler = new ScriptedHandler(slots: 2);
        // What is not said would be believed for twice as long.
        await using var web = await RedisEngine.OpenSenderAsync(Options with { Lease = TimeSpan.FromMinutes(2) }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        await using var worker = await StartWorkerAsync(Options, handler);
        await ShownAsync();
        // With its answer the sender learns Redis's time, without which nothing is sent to a worker.
        var first = Jobs.Python("first");
        using var sentFirst = await web.Sender!.SendAsync(first, CancellationToken.None);
        handler.End(first.Id, Result(""));
        await FinishedAsync(sentFirst);
        var running = Jobs.Python("long");
        using var sent = await web.Sender!.SendAsync(running, CancellationToken.None);
        Assert.Contains("started", await StateAsync(running), StringComparison.Ordinal);

        await Eventually.HoldsAsync(async () => (await _redis.KeysAsync("codeexec:unanswered:*")).Count == 0, "an answer while it runs");

        var next = Jobs.Python("next");
        using var sentNext = await web.Sender!.SendAsync(next, CancellationToken.None);
        Assert.Contains("started", await StateAsync(next), StringComparison.Ordinal);
        handler.End(running.Id, Result(""));
        handler.End(next.Id, Result(""));
        await FinishedAsync(sent);
        await FinishedAsync(sentNext);
    }

    [Fact(Timeout = 60_000)]
    public async Task Jobs_of_takes_that_were_under_way_when_redis_stood_still_run_once()
    {
        var handler = new ScriptedHandler(slots: 0) { Always = delivery => Task.FromResult(Result(delivery.Job.Code)) };
        await using var web = await RedisEngine.OpenSenderAsync(ShortLeases, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        await using var worker = await StartWorkerAsync(ShortLeases, handler);
        var jobs = Enumerable.Range(0, 8).Select(i => Jobs.Python($"{i}")).ToList();
        var sent = new List<ISentJob>();
        foreach (var job in jobs) sent.Add(await web.Sender!.SendAsync(job, CancellationToken.None));

        await _redis.FreezeAsync();
        handler.Slots = 4;
        // As long as it stands still, takes are given up, and every lease and sign of life runs out.
        await Assert.ThrowsAsync<RunnerException>(() => web.Sender!.SendAsync(Jobs.Python("refused"), CancellationToken.None));
        await Task.Delay(ShortLeases.Lease * 2);
        await _redis.ThawAsync();

        for (var i = 0; i < jobs.Count; i++) Assert.Equal($"{i}", (await FinishedAsync(sent[i])).Stdout);
        Assert.All(jobs, job => Assert.Equal(1, handler.Handled.Count(id => id == job.Id)));
        sent.ForEach(one => one.Dispose());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_without_packages_that_a_stopping_worker_has_not_begun_runs_elsewhere()
    {
        var leaving = new ScriptedHandler { HoldsBeforeStart = true };
        var worker = await StartWorkerAsync(Options, leaving);
        var job = Jobs.Python("pass");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        await leaving.Started(job.Id);
        Assert.Contains("started", await StateAsync(job), StringComparison.Ordinal);
        await worker.DisposeAsync();

        await using var other = await StartWorkerAsync(Options, new ScriptedHandler { Always = _ => Task.FromResult(Result("elsewhere")) });

        Assert.Equal("elsewhere", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_without_packages_whose_cancel_has_arrived_is_not_started()
    {
        var handler = new ScriptedHandler { HoldsBeforeStart = true };
        await using var worker = await StartWorkerAsync(Options, handler);
        var job = Jobs.Python("pass");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);

        await sent.CancelAsync();
        await Eventually.HoldsAsync(() => delivery.Stop.Reason is not null, "a request to stop");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(delivery.MarkStartedAsync);
        Assert.Equal(ExecutionStatus.Cancelled, (await FinishedAsync(sent)).Status);
    }

    private static async Task RunOnceAsync(ScriptedHandler handler, params (ExecutionJob Job, ISentJob Sent)[] inOrder)
    {
        foreach (var (job, sent) in inOrder)
        {
            await handler.Started(job.Id);
            handler.End(job.Id, Result(job.Code));
            Assert.Equal(job.Code, (await FinishedAsync(sent)).Stdout);
        }
    }

    private async Task<RunningWorker> StartWorkerAsync(QueueOptions options, ScriptedHandler handler)
    {
        var engine = await RedisEngine.OpenReceiverAsync(options, TimeSpan.FromSeconds(5), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        // Until it has shown a sign of life, nothing is marked as started by its takes.
        await Eventually.HoldsAsync(async () => (await _redis.KeysAsync("codeexec:worker:*")).Count > 0, "a sign of life");
        return await RunningWorker.StartAsync(new OpenRedis<IJobReceiver>(engine, opened => opened.Receiver!), handler);
    }

    private Task ShownAsync() => Eventually.HoldsAsync(async () => (await _redis.KeysAsync("codeexec:warm:")).Count == 1, "a worker that can be sent jobs");

    private Task<string> StateAsync(ExecutionJob job) => _redis.CommandAsync("HGET", $"codeexec:job:{job.Id}", "state");

    private static ExecutionResult Result(string stdout) => QueueContract.Result(stdout);

    private static Task<ExecutionResult> FinishedAsync(ISentJob sent) => QueueContract.FinishedAsync(sent);
}
