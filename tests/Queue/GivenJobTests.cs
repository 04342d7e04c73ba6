using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>Jobs that come late, twice, or not as Redis counts them: none runs twice, and none keeps others from running.</summary>
public sealed class GivenJobTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private RedisEngine _web = null!;

    // Short, so that renewals and hand-backs come soon.
    private QueueOptions Options => new() { RedisUrl = _redis.Url, Lease = TimeSpan.FromSeconds(2), RenewEvery = TimeSpan.FromSeconds(0.5) };

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _web = await OpenWebAsync();
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_has_not_started_here_and_is_over_elsewhere_does_not_start()
    {
        var handler = new ScriptedHandler { HoldsBeforeStart = true };
        await using var worker = await StartWorkerAsync(handler);
        var job = Jobs.Python("pass", "numpy");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);

        // As after another worker's end, and after its result was heard and forgotten.
        await _redis.CommandAsync("DEL", $"codeexec:job:{job.Id}");
        await Eventually.HoldsAsync(() => delivery.Stop.Reason is not null, "a request to stop");

        Assert.NotNull(await Record.ExceptionAsync(delivery.MarkStartedAsync));
        Assert.Equal(":0\r\n", await _redis.CommandAsync("EXISTS", $"codeexec:job:{job.Id}"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_message_that_comes_after_its_job_was_given_again_changes_nothing()
    {
        var handler = new ScriptedHandler();
        await using var worker = await StartWorkerAsync(handler);
        var job = Jobs.Python("pass");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        await handler.Started(job.Id);
        var state = await JobAsync(job);

        await _redis.CommandAsync("PUBLISH", $"codeexec:hand:{await WorkerAsync()}", string.Join('\n', job.Id, "1-1", "web", "started", "1", """{"id":"?","code":"pass"}"""));
        await RenewalAsync(job);
        await RenewalAsync(job);

        Assert.Equal(state, await JobAsync(job));
        handler.End(job.Id, QueueContract.Result("once"));
        Assert.Equal("once", (await QueueContract.FinishedAsync(sent)).Stdout);
        Assert.Equal([job.Id], handler.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_message_of_a_job_that_is_not_this_workers_is_not_begun()
    {
        var handler = new ScriptedHandler { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        await using var worker = await StartWorkerAsync(handler);
        await RunOneAsync();
        var foreign = Jobs.Python("foreign");

        await _redis.CommandAsync("PUBLISH", $"codeexec:hand:{await WorkerAsync()}", string.Join('\n', foreign.Id, "1-1", "web", "started", "1", """{"id":"?","code":"foreign"}"""));
        await RunOneAsync();

        Assert.False(handler.HasStarted(foreign.Id));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("no job\nat all")]
    [InlineData("id\n1-1\nweb\nstarted\nyesterday\n{}")]
    public async Task A_message_that_can_not_be_read_harms_no_worker(string message)
    {
        var handler = new ScriptedHandler { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        await using var worker = await StartWorkerAsync(handler);
        await RunOneAsync();

        await _redis.CommandAsync("PUBLISH", $"codeexec:hand:{await WorkerAsync()}", message);

        await RunOneAsync();
        Assert.Equal(2, handler.Handled.Count);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_entry_of_which_nothing_is_known_fills_no_slot()
    {
        var handler = new ScriptedHandler(slots: 1) { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        await using var worker = await StartWorkerAsync(handler);
        await RunOneAsync();
        // In one step, or the worker might take it by itself.
        await _redis.CommandAsync(
            "EVAL",
            "redis.call('XADD', 'codeexec:jobs', '*', 'id', 'ghost', 'job', '{}', 'web', 'gone', 'deadline', '9999999999999', 'packages', '0') redis.call('XREADGROUP', 'GROUP', 'workers', ARGV[1], 'COUNT', 1, 'STREAMS', 'codeexec:jobs', '>')",
            "0", await WorkerAsync());

        await RunOneAsync();

        Assert.Equal(":0\r\n", await _redis.CommandAsync("XLEN", "codeexec:jobs"));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_web_process_leaves_behind_that_is_gone_stops_nobody()
    {
        var other = await OpenWebAsync();
        var left = Enumerable.Range(0, 8).Select(_ => Jobs.Python("left")).ToList();
        foreach (var job in left) _ = await other.Sender!.SendAsync(job, CancellationToken.None);
        await other.DisposeAsync();
        // A second look that takes long: it is not over when the others have run.
        var handler = new ScriptedHandler(slots: 2) { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        await using var worker = await StartWorkerAsync(handler, Options with { RenewEvery = TimeSpan.FromSeconds(20), Lease = TimeSpan.FromSeconds(60) });

        for (var i = 0; i < 3; i++) await RunOneAsync();

        Assert.Equal(3, handler.Handled.Count);
        Assert.Contains("$5\r\ntaken", await _redis.CommandAsync("HGET", $"codeexec:job:{left[0].Id}", "state"), StringComparison.Ordinal);
    }

    private Task<RedisEngine> OpenWebAsync() => RedisEngine.OpenSenderAsync(Options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

    private async Task<RunningWorker> StartWorkerAsync(ScriptedHandler handler, QueueOptions? options = null)
    {
        var engine = await RedisEngine.OpenReceiverAsync(options ?? Options, TimeSpan.FromSeconds(5), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        return await RunningWorker.StartAsync(new OpenRedis<IJobReceiver>(engine, opened => opened.Receiver!), handler);
    }

    private async Task RunOneAsync()
    {
        using var sent = await _web.Sender!.SendAsync(Jobs.Python("one"), CancellationToken.None);
        Assert.Equal("one", (await QueueContract.FinishedAsync(sent)).Stdout);
    }

    private async Task<string> WorkerAsync() => (await _redis.KeysAsync("codeexec:worker:*")).Single()["codeexec:worker:".Length..];

    private Task<string> JobAsync(ExecutionJob job) => _redis.CommandAsync("HMGET", $"codeexec:job:{job.Id}", "state", "worker", "entry");

    private async Task RenewalAsync(ExecutionJob job)
    {
        var lease = await _redis.CommandAsync("ZSCORE", "codeexec:leases", job.Id);
        await Eventually.HoldsAsync(async () => await _redis.CommandAsync("ZSCORE", "codeexec:leases", job.Id) != lease, "a renewal");
    }
}
