using CodeExec.Shared.Engines.Redis;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeExec.Tests.Queue;

/// <summary>A job that was handed to a warm worker, which does not hear of it or does not begin: it is never lost and never runs twice.</summary>
public sealed class HandedJobTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private LossyRedis _way = null!;
    private RedisEngine _web = null!;
    private ScriptedHandler _warm = null!;
    private RunningWorker _warmWorker = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _way = LossyRedis.To(_redis);
        _web = await OpenWebAsync(new QueueOptions());
        (_warm, _warmWorker) = await StartWorkerAsync(_way.Url);
        using var sent = await _web.Sender!.SendAsync(Jobs.Python("first", "numpy"), CancellationToken.None);
        await QueueContract.FinishedAsync(sent);
    }

    public async Task DisposeAsync()
    {
        _way.Cut();
        await _warmWorker.DisposeAsync();
        await _web.DisposeAsync();
        await _way.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_runs_once_on_another_worker_whether_the_warm_one_stays_or_leaves(bool leaves)
    {
        _way.LoseAnswers();
        var looked = new TaskCompletionSource();
        var (cold, coldWorker) = await StartWorkerAsync(_redis.Url, new ScriptedHandler
        {
            Always = async delivery =>
            {
                await looked.Task;
                return QueueContract.Result(delivery.Job.Code);
            },
        });
        await using var _ = coldWorker;
        var jobs = Enumerable.Range(0, 3).Select(i => Jobs.Python($"{i}", "numpy")).ToList();
        var sent = new List<ISentJob>();
        foreach (var job in jobs) sent.Add(await _web.Sender!.SendAsync(job, CancellationToken.None));
        Assert.Contains(jobs[0].Id, await _redis.HandedJobsAsync());
        looked.SetResult();
        if (leaves)
        {
            _way.Cut();
            await _warmWorker.DisposeAsync();
        }

        for (var i = 0; i < jobs.Count; i++) Assert.Equal($"{i}", (await QueueContract.FinishedAsync(sent[i])).Stdout);
        Assert.Equal(jobs.Select(job => job.Id).Order(), cold.Handled.Order());
        Assert.All(jobs, job => Assert.DoesNotContain(job.Id, _warm.Handled));
        sent.ForEach(one => one.Dispose());
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_dropped_when_it_is_cancelled()
    {
        _way.LoseAnswers();
        var job = Jobs.Python("cancelled", "numpy");
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        Assert.Contains(job.Id, await _redis.HandedJobsAsync());

        await sent.CancelAsync();

        Assert.Equal(ExecutionStatus.Cancelled, (await QueueContract.FinishedAsync(sent)).Status);
        Assert.Equal(":0\r\n", await _redis.CommandAsync("XLEN", "codeexec:jobs"));
        Assert.Equal(":0\r\n", await _redis.CommandAsync("ZCARD", "codeexec:handed"));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_does_not_start_when_it_was_cancelled_although_the_warm_worker_has_it()
    {
        var hesitant = new ScriptedHandler { HoldsBeforeStart = true };
        await _warmWorker.DisposeAsync();
        await using var worker = (await StartWorkerAsync(_redis.Url, hesitant)).Worker;
        var (first, job) = (Jobs.Python("first", "numpy"), Jobs.Python("cancelled", "numpy"));
        using var sentFirst = await _web.Sender!.SendAsync(first, CancellationToken.None);
        var opening = await hesitant.Started(first.Id);
        await opening.MarkStartedAsync();
        hesitant.ShowReady(first);
        hesitant.End(first.Id, QueueContract.Result(""));
        await QueueContract.FinishedAsync(sentFirst);
        using var sent = await _web.Sender!.SendAsync(job, CancellationToken.None);
        var delivery = await hesitant.Started(job.Id);

        await sent.CancelAsync();

        Assert.Equal(ExecutionStatus.Cancelled, (await QueueContract.FinishedAsync(sent)).Status);
        var fault = await Record.ExceptionAsync(delivery.MarkStartedAsync);
        Assert.True(fault is OperationCanceledException or DeliveryLostException, $"{fault}");
        await Eventually.HoldsAsync(async () => await _redis.CommandAsync("EXISTS", $"codeexec:job:{job.Id}") == ":0\r\n", "an end of the job");
    }

    [Fact(Timeout = 60_000)]
    public async Task It_is_dropped_when_its_web_process_is_gone()
    {
        _way.LoseAnswers();
        var other = await OpenWebAsync(new QueueOptions());
        using var sent = await other.Sender!.SendAsync(Jobs.Python("orphan", "numpy"), CancellationToken.None);
        await other.DisposeAsync();

        await using var worker = (await StartWorkerAsync(_redis.Url)).Worker;
        await Eventually.HoldsAsync(async () => (await _redis.KeysAsync("codeexec:job:*")).Count == 0, "a queue without the job");
        Assert.Equal(":0\r\n", await _redis.CommandAsync("XLEN", "codeexec:jobs"));
    }

    [Fact(Timeout = 60_000)]
    public async Task It_counts_as_waiting()
    {
        _way.LoseAnswers();
        await using var strict = await OpenWebAsync(new QueueOptions { QueueLimit = 1 });
        using var sent = await strict.Sender!.SendAsync(Jobs.Python("handed", "numpy"), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<RunnerException>(() => strict.Sender!.SendAsync(Jobs.Python("pass"), CancellationToken.None));

        Assert.Contains("busy: 1 calls wait", refused.Message, StringComparison.Ordinal);
    }

    private Task<RedisEngine> OpenWebAsync(QueueOptions options) =>
        RedisEngine.OpenSenderAsync(options with { RedisUrl = _redis.Url }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);

    private static async Task<(ScriptedHandler Handler, RunningWorker Worker)> StartWorkerAsync(string url, ScriptedHandler? handler = null)
    {
        handler ??= new ScriptedHandler { Always = delivery => Task.FromResult(QueueContract.Result(delivery.Job.Code)) };
        var options = new QueueOptions { RedisUrl = url };
        var engine = await RedisEngine.OpenReceiverAsync(options, TimeSpan.FromSeconds(5), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        return (handler, await RunningWorker.StartAsync(new OpenRedis<IJobReceiver>(engine, opened => opened.Receiver!), handler));
    }
}
