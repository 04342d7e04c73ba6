using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>A job that was handed to a warm worker, which shows free slots and takes nothing: it is never lost and never runs twice.</summary>
public sealed class RedisLaneTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private RedisEngine _web = null!;
    private ScriptedHandler _warm = null!;
    private RunningWorker _warmWorker = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        var options = new QueueOptions { RedisUrl = _redis.Url };
        _web = await RedisEngine.OpenSenderAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        // It shows itself when it has something new, and not again during the test.
        (_warm, _warmWorker) = await StartWorkerAsync(options with { RenewEvery = TimeSpan.FromMinutes(1) });
        var first = Jobs.Python("first", "numpy");
        using var sent = await _web.Sender!.SendAsync(first, CancellationToken.None);
        await QueueContract.FinishedAsync(sent);
        _warm.Slots = 0;
    }

    public async Task DisposeAsync()
    {
        await _warmWorker.DisposeAsync();
        await _web.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_runs_once_on_another_worker_whether_the_warm_one_stays_or_leaves(bool leaves)
    {
        var (cold, coldWorker) = await StartWorkerAsync(new QueueOptions { RedisUrl = _redis.Url });
        await using var _ = coldWorker;
        var jobs = Enumerable.Range(0, 3).Select(i => Jobs.Python($"{i}", "numpy")).ToList();
        var sent = new List<ISentJob>();
        foreach (var job in jobs) sent.Add(await _web.Sender!.SendAsync(job, CancellationToken.None));
        Assert.Single(await _redis.KeysAsync("codeexec:lane:*"));
        if (leaves) await _warmWorker.DisposeAsync();

        for (var i = 0; i < jobs.Count; i++) Assert.Equal($"{i}", (await QueueContract.FinishedAsync(sent[i])).Stdout);
        Assert.Equal(jobs.Select(job => job.Id).Order(), cold.Handled.Order());
        sent.ForEach(one => one.Dispose());

        // What is left in the lane names jobs that were given to others: it changes nothing.
        _warm.Slots = 4;
        using var next = await _web.Sender!.SendAsync(Jobs.Python("next", "numpy"), CancellationToken.None);
        Assert.Equal("next", (await QueueContract.FinishedAsync(next)).Stdout);
        Assert.All(jobs, job => Assert.DoesNotContain(job.Id, _warm.Handled));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_dropped_when_it_is_cancelled()
    {
        var job = Jobs.Python("cancelled", "numpy");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        Assert.Single(await _redis.KeysAsync("codeexec:lane:*"));

        await sent.CancelAsync();

        Assert.Equal(ExecutionStatus.Cancelled, (await QueueContract.FinishedAsync(sent)).Status);
        Assert.Equal(":0\r\n", await _redis.CommandAsync("XLEN", "codeexec:jobs"));
        Assert.Equal(":0\r\n", await _redis.CommandAsync("ZCARD", "codeexec:handed"));
        _warm.Slots = 4;
        using var next = await _web.Sender!.SendAsync(Jobs.Python("next", "numpy"), CancellationToken.None);
        await QueueContract.FinishedAsync(next);
        Assert.DoesNotContain(job.Id, _warm.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_dropped_when_its_web_process_is_gone()
    {
        var other = await RedisEngine.OpenSenderAsync(new QueueOptions { RedisUrl = _redis.Url }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        var job = Jobs.Python("orphan", "numpy");
        using var sent = await other.Sender!.SendAsync(job, CancellationToken.None);
        await other.DisposeAsync();
        await _warmWorker.DisposeAsync();

        await using var worker = (await StartWorkerAsync(new QueueOptions { RedisUrl = _redis.Url })).Worker;
        await Eventually.HoldsAsync(async () => (await _redis.KeysAsync("codeexec:job:*")).Count == 0, "a queue without the job");
        Assert.Equal(":0\r\n", await _redis.CommandAsync("XLEN", "codeexec:jobs"));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_counts_as_waiting()
    {
        await using var strict = await RedisEngine.OpenSenderAsync(new QueueOptions { RedisUrl = _redis.Url, QueueLimit = 1 }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        using var sent = await strict.Sender!.SendAsync(Jobs.Python("handed", "numpy"), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<RunnerException>(() => strict.Sender!.SendAsync(Jobs.Python("pass"), CancellationToken.None));

        Assert.Contains("busy: 1 calls wait", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<(ScriptedHandler Handler, RunningWorker Worker)> StartWorkerAsync(QueueOptions options)
    {
        var handler = new ScriptedHandler { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        var engine = await RedisEngine.OpenReceiverAsync(options, TimeSpan.FromSeconds(5), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        return (handler, await RunningWorker.StartAsync(new OpenRedis<IJobReceiver>(engine, opened => opened.Receiver!), handler));
    }
}
