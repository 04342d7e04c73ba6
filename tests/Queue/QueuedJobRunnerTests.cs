using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>What the web process makes of what comes back from the queue, and of what does not.</summary>
public sealed class QueuedJobRunnerTests
{
    private static readonly TimeSpan QueueTimeout = TimeSpan.FromSeconds(60);
    private static readonly ExecutionJob Job = new(JobId.Create(), "pass", []);
    private readonly ManualTime _time = new();

    [Fact(Timeout = 20_000)]
    public async Task Everything_is_relayed_in_order_and_the_result_is_last()
    {
        var sender = new ScriptedSender();
        JobEvent[] script = [new JobStarted(), new OutputChunk(OutputStream.Stdout, 0, "a"), new OutputChunk(OutputStream.Stderr, 1, "b"), new JobFinished(Result("a"))];
        foreach (var happened in script) sender.Happens(happened);

        Assert.Equal(script, await RunAsync(sender));
        Assert.False(sender.IsCancelled);
        Assert.True(sender.IsDisposed);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_job_of_which_only_the_end_is_heard_waited_while_it_was_neither_prepared_nor_run()
    {
        var sender = new ScriptedSender();
        var running = RunAsync(sender);
        await _time.ArmedAsync(QueueTimeout);
        _time.Advance(TimeSpan.FromSeconds(9));
        sender.Happens(new JobFinished(Result("a") with { InstallTime = TimeSpan.FromSeconds(2), Duration = TimeSpan.FromSeconds(3) }));

        var finished = Assert.IsType<JobFinished>((await running)[^1]);
        Assert.Equal(TimeSpan.FromSeconds(4), finished.Result.QueueTime);
    }

    [Fact(Timeout = 20_000)]
    public async Task The_queues_refusal_reaches_the_caller()
    {
        var fault = await Assert.ThrowsAsync<RunnerException>(() => RunAsync(new ScriptedSender { Refuses = "The service is busy." }));
        Assert.Equal("The service is busy.", fault.Message);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_job_that_no_worker_takes_is_given_up_and_dropped()
    {
        var sender = new ScriptedSender();
        var running = RunAsync(sender);
        await _time.ArmedAsync(QueueTimeout);
        _time.Advance(QueueTimeout - TimeSpan.FromSeconds(1));
        Assert.False(sender.IsCancelled);
        _time.Advance(TimeSpan.FromSeconds(1));

        var fault = await Assert.ThrowsAsync<RunnerException>(() => running);
        Assert.Equal(
            "The service is busy: no worker took this call within 60 s, the limit (QUEUE_TIMEOUT_SECONDS). Call again later; if it stays so, the operator must see whether a worker runs.",
            fault.Message);
        Assert.True(sender.IsCancelled);
        Assert.True(sender.IsDisposed);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_job_that_a_worker_has_may_take_longer_than_a_job_may_wait()
    {
        var sender = new ScriptedSender();
        await using var events = new QueuedJobRunner(sender, new QueueOptions { QueueTimeout = QueueTimeout }, _time).RunAsync(Job, new JobStop()).GetAsyncEnumerator();
        var first = events.MoveNextAsync();
        await _time.ArmedAsync(QueueTimeout);
        _time.Advance(TimeSpan.FromSeconds(7));
        sender.Happens(new PackagesInstalling("Collecting numpy"));
        Assert.True(await first);
        var second = events.MoveNextAsync();
        _time.Advance(10 * QueueTimeout);
        sender.Happens(new JobFinished(Result("late")));
        Assert.True(await second);

        var result = Assert.IsType<JobFinished>(events.Current).Result;
        Assert.Equal(("late", TimeSpan.FromSeconds(7)), (result.Stdout, result.QueueTime));
        Assert.False(sender.IsCancelled);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_consumer_that_leaves_cancels_the_job()
    {
        var sender = new ScriptedSender();
        sender.Happens(new JobStarted());
        using var stop = new JobStop();
        await foreach (var happened in new QueuedJobRunner(sender, new QueueOptions(), _time).RunAsync(Job, stop))
            if (happened is JobStarted) break;
        Assert.True(sender.IsCancelled);
        Assert.True(sender.IsDisposed);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(StopReason.ClientCancelled)]
    [InlineData(StopReason.ClientGone)]
    [InlineData(StopReason.ShuttingDown)]
    public async Task A_stop_reaches_the_worker_and_its_last_word_is_waited_for(StopReason reason)
    {
        var sender = new ScriptedSender { WhenCancelled = new JobFinished(Result("so far") with { Status = ExecutionStatus.Cancelled }) };
        sender.Happens(new JobStarted());
        using var stop = new JobStop();
        var running = RunAsync(sender, stop);
        stop.Request(reason);
        await sender.Cancelled;

        var result = Assert.IsType<JobFinished>((await running)[^1]).Result;
        Assert.Equal(("so far", ExecutionStatus.Cancelled), (result.Stdout, result.Status));
    }

    [Fact(Timeout = 20_000)]
    public async Task A_stopped_job_whose_worker_says_nothing_is_waited_for_20_s_at_most()
    {
        var sender = new ScriptedSender();
        using var stop = new JobStop();
        var running = RunAsync(sender, stop);
        stop.Request(StopReason.ClientCancelled);
        await _time.ArmedAsync(TimeSpan.FromSeconds(20));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(ExecutionStatus.Cancelled, Assert.IsType<JobFinished>((await running)[^1]).Result.Status);
    }

    [Fact(Timeout = 20_000)]
    public async Task A_lost_workers_answer_gets_the_output_that_was_relayed()
    {
        var sender = new ScriptedSender();
        sender.Happens(new OutputChunk(OutputStream.Stdout, 0, "one "));
        sender.Happens(new OutputChunk(OutputStream.Stderr, 1, "error"));
        sender.Happens(new OutputChunk(OutputStream.Stdout, 2, "two"));
        sender.Happens(new JobFinished(Result("") with { Status = ExecutionStatus.WorkerLost }));

        var result = Assert.IsType<JobFinished>((await RunAsync(sender))[^1]).Result;
        Assert.Equal(("one two", "error", ExecutionStatus.WorkerLost), (result.Stdout, result.Stderr, result.Status));
    }

    [Fact(Timeout = 20_000)]
    public async Task The_services_own_failures_are_thrown_with_their_words()
    {
        var failing = new ScriptedSender();
        failing.Happens(new JobFailed("Python is missing."));
        Assert.Equal("Python is missing.", (await Assert.ThrowsAsync<RunnerException>(() => RunAsync(failing))).Message);

        var forgotten = new ScriptedSender();
        forgotten.Forget("The call got lost.");
        Assert.Equal("The call got lost.", (await Assert.ThrowsAsync<RunnerException>(() => RunAsync(forgotten))).Message);
        Assert.True(forgotten.IsDisposed);
    }

    private async Task<List<JobEvent>> RunAsync(ScriptedSender sender, JobStop? stop = null)
    {
        using var own = new JobStop();
        var events = new List<JobEvent>();
        await foreach (var happened in new QueuedJobRunner(sender, new QueueOptions { QueueTimeout = QueueTimeout }, _time).RunAsync(Job, stop ?? own)) events.Add(happened);
        return events;
    }

    private static ExecutionResult Result(string stdout) => new() { ReturnCode = 0, Stdout = stdout, Stderr = "", Status = ExecutionStatus.Ok };
}
