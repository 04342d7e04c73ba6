using CodeExec.Shared.Jobs;
using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;

namespace CodeExec.Tests.Queue;

/// <summary>What every queue engine promises, whichever it is. An heir says how its engine is opened.</summary>
public abstract class QueueContract : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Options with times that suit a test.</summary>
    protected static QueueOptions Options => new() { QueueLimit = 100 };

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();

    /// <summary>Opens a web side.</summary>
    internal abstract Task<IOpenEngine<IJobSender>> OpenSenderAsync(QueueOptions options);

    /// <summary>Opens a worker side.</summary>
    internal abstract Task<IOpenEngine<IJobReceiver>> OpenReceiverAsync(QueueOptions options, TimeSpan drainTime);

    /// <summary>Loses every message until it is disposed.</summary>
    internal abstract Task<IAsyncDisposable> LoseMessagesAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_job_reaches_a_worker_and_its_result_reaches_the_sender()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);

        var job = Job("print(2+2)");
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);
        Assert.Equal(job.Code, delivery.Job.Code);
        Assert.Equal(["numpy>=1"], delivery.Job.Packages.Select(package => package.Text));
        handler.End(job.Id, Result("4\n"));

        Assert.Equal("4\n", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task Output_arrives_in_order_and_before_the_result()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler
        {
            Always = delivery =>
            {
                for (var i = 0; i < 500; i++) delivery.Publish(new OutputChunk(i % 2 == 0 ? OutputStream.Stdout : OutputStream.Stderr, i, $"line {i} ü\n"));
                return Task.FromResult(Result("done"));
            },
        };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);

        using var sent = await web.Side.SendAsync(Job(), CancellationToken.None);
        var events = await AllAsync(sent);

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"line {i} ü\n"), events.OfType<OutputChunk>().Select(chunk => chunk.Text));
        Assert.IsType<JobFinished>(events[^1]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_waits_is_dropped_when_it_is_cancelled()
    {
        await using var web = await OpenSenderAsync(Options);
        using var sent = await web.Side.SendAsync(Job(), CancellationToken.None);
        await sent.CancelAsync();
        Assert.Equal(ExecutionStatus.Cancelled, (await FinishedAsync(sent)).Status);

        var handler = new ScriptedHandler { Always = _ => Task.FromResult(Result("next")) };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var next = Job();
        using var sentNext = await web.Side.SendAsync(next, CancellationToken.None);
        await FinishedAsync(sentNext);
        Assert.Equal([next.Id], handler.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_runs_is_stopped_when_it_is_cancelled()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);

        await sent.CancelAsync();

        Assert.Equal(ExecutionStatus.Cancelled, (await FinishedAsync(sent)).Status);
        Assert.Equal(StopReason.ClientCancelled, delivery.Stop.Reason);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_job_that_was_taken_but_not_started_is_not_started_when_it_is_cancelled()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler { HoldsBeforeStart = true };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        var delivery = await handler.Started(job.Id);

        await sent.CancelAsync();
        await sent.CancelAsync();

        var fault = await Record.ExceptionAsync(delivery.MarkStartedAsync);
        Assert.True(fault is OperationCanceledException or DeliveryLostException, $"{fault}");
        Assert.Equal(ExecutionStatus.Cancelled, (await FinishedAsync(sent)).Status);
        Assert.Equal([job.Id], handler.Handled);
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_sender_hears_of_its_own_jobs_alone()
    {
        await using var web = await OpenSenderAsync(Options);
        await using var otherWeb = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler
        {
            Always = delivery =>
            {
                delivery.Publish(new OutputChunk(OutputStream.Stdout, 0, delivery.Job.Code));
                return Task.FromResult(Result(delivery.Job.Code));
            },
        };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        using var first = await web.Side.SendAsync(Job("first"), CancellationToken.None);
        using var second = await web.Side.SendAsync(Job("second"), CancellationToken.None);
        using var third = await otherWeb.Side.SendAsync(Job("third"), CancellationToken.None);

        foreach (var (sent, code) in new[] { (first, "first"), (second, "second"), (third, "third") })
        {
            var events = await AllAsync(sent);
            Assert.Equal([new JobTaken(), new JobStarted(), new OutputChunk(OutputStream.Stdout, 0, code), new JobFinished(Result(code))], events);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_result_whose_message_is_lost_still_arrives()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        await handler.Started(job.Id);

        await using var silence = await LoseMessagesAsync();
        handler.End(job.Id, Result("kept"));

        Assert.Equal("kept", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_fails_answers_in_words_and_takes_the_next_job()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler
        {
            Always = delivery => delivery.Job.Code switch
            {
                "says why" => throw new RunnerException("Python is missing."),
                "fails" => throw new InvalidOperationException("a path of ours"),
                _ => Task.FromResult(Result("next")),
            },
        };
        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        using var first = await web.Side.SendAsync(Job("says why"), CancellationToken.None);
        Assert.Equal("Python is missing.", Assert.IsType<JobFailed>((await AllAsync(first))[^1]).Message);
        var job = Job("fails");
        using var second = await web.Side.SendAsync(job, CancellationToken.None);
        var failed = Assert.IsType<JobFailed>((await AllAsync(second))[^1]);
        Assert.Contains(job.Id, failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("a path of ours", failed.Message, StringComparison.Ordinal);
        using var third = await web.Side.SendAsync(Job(), CancellationToken.None);
        Assert.Equal("next", (await FinishedAsync(third)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_full_queue_answers_busy_at_once()
    {
        var options = Options with { QueueLimit = 2 };
        await using var web = await OpenSenderAsync(options);
        using var first = await web.Side.SendAsync(Job(), CancellationToken.None);
        using var second = await web.Side.SendAsync(Job(), CancellationToken.None);

        var refused = await Assert.ThrowsAsync<RunnerException>(() => web.Side.SendAsync(Job(), CancellationToken.None));

        Assert.Contains("busy: 2 calls wait (QUEUE_LIMIT), which is the limit", refused.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Each_of_many_jobs_is_handled_once_by_one_of_several_workers()
    {
        await using var web = await OpenSenderAsync(Options with { QueueLimit = 1000 });
        var handlers = Enumerable.Range(0, 3).Select(_ => new ScriptedHandler(8) { Always = async delivery => { await Task.Yield(); return Result(delivery.Job.Code); } }).ToList();
        var workers = new List<RunningWorker>();
        foreach (var handler in handlers) workers.Add(await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler));

        var jobs = Enumerable.Range(0, 300).Select(i => Job($"{i}")).ToList();
        var results = await Task.WhenAll(jobs.Select(async job =>
        {
            using var sent = await web.Side.SendAsync(job, CancellationToken.None);
            return (await FinishedAsync(sent)).Stdout;
        }));

        foreach (var worker in workers) await worker.DisposeAsync();
        Assert.Equal(jobs.Select(job => job.Code), results);
        Assert.Equal(jobs.Select(job => job.Id).Order(), handlers.SelectMany(handler => handler.Handled).Order());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_is_never_handed_more_jobs_than_it_has_slots()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler(slots: 3) { Always = async _ => { await Task.Yield(); return Result("done"); } };
        var sent = new List<ISentJob>();
        for (var i = 0; i < 60; i++) sent.Add(await web.Side.SendAsync(Job(), CancellationToken.None));

        await using var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler);
        foreach (var job in sent)
            using (job) await FinishedAsync(job);

        Assert.InRange(handler.Most, 1, 3);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_stops_hands_back_what_it_has_not_started()
    {
        await using var web = await OpenSenderAsync(Options);
        var leaving = new ScriptedHandler { HoldsBeforeStart = true };
        var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), leaving);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        await leaving.Started(job.Id);
        await worker.DisposeAsync();

        var staying = new ScriptedHandler { Always = _ => Task.FromResult(Result("elsewhere")) };
        await using var other = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), staying);

        Assert.Equal("elsewhere", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_stops_lets_started_jobs_end_within_the_drain_time()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(20)), handler);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        await handler.Started(job.Id);

        var stopping = worker.DisposeAsync().AsTask();
        handler.End(job.Id, Result("in time"));
        await stopping;

        Assert.Equal("in time", (await FinishedAsync(sent)).Stdout);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_stops_closes_what_runs_past_the_drain_time_as_lost()
    {
        await using var web = await OpenSenderAsync(Options);
        var handler = new ScriptedHandler();
        var worker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.Zero), handler);
        var job = Job();
        using var sent = await web.Side.SendAsync(job, CancellationToken.None);
        await handler.Started(job.Id);
        await worker.DisposeAsync();

        var result = await FinishedAsync(sent);
        Assert.Equal(ExecutionStatus.WorkerLost, result.Status);
        Assert.Contains("shut down", result.Hint, StringComparison.Ordinal);
    }

    protected static ExecutionJob Job(string code = "pass")
    {
        Assert.Null(CodeExec.Shared.Packages.PackageRequirement.TryParse("numpy>=1", out var numpy));
        return new ExecutionJob(JobId.Create(), code, [numpy!], "test");
    }

    internal static ExecutionResult Result(string stdout) => new() { ReturnCode = 0, Stdout = stdout, Stderr = "", Status = ExecutionStatus.Ok };

    internal static async Task<ExecutionResult> FinishedAsync(ISentJob sent) => Assert.IsType<JobFinished>((await AllAsync(sent))[^1]).Result;

    internal static async Task<List<JobEvent>> AllAsync(ISentJob sent)
    {
        using var limit = new CancellationTokenSource(Limit);
        var events = new List<JobEvent>();
        do events.Add(await sent.NextAsync(limit.Token));
        while (events[^1] is not (JobFinished or JobFailed));
        return events;
    }
}
