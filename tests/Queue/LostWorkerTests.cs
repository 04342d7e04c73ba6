using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Workers that are killed, stopped and frozen while calls wait, install and run.</summary>
public sealed class LostWorkerTests
{
    [Fact(Timeout = 120_000)]
    public async Task What_a_killed_worker_had_started_is_answered_with_its_output_and_the_rest_runs_elsewhere_once()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await using var index = new HeldIndex();
        var wheel = await NumpyWheel.BuiltAsync();
        var doomed = await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "3").With("PIP_INDEX_URL", index.Url).With("PIP_NO_INDEX", null));

        using var running1 = await service.CallAsync(service.Ledger.Waiting("running1"));
        using var running2 = await service.CallAsync(service.Ledger.Waiting("running2"));
        await running1.PrintedAsync("started running1");
        await running2.PrintedAsync("started running2");
        using var installing = await service.CallAsync(service.Ledger.Short("installing"), package: wheel.Requirement);
        await index.WasAsked();
        var queued = new List<ToolCall>();
        for (var i = 0; i < 5; i++) queued.Add(await service.CallAsync(service.Ledger.Short($"queued{i}")));

        await doomed.SignalAsync("KILL");
        await service.AddWorkerAsync(settings => settings.With("PIP_FIND_LINKS", wheel.Links));

        for (var i = 0; i < 5; i++) Assert.Equal($"started queued{i}", (await queued[i].AnswerAsync()).Stdout);
        foreach (var (call, name) in new[] { (running1, "running1"), (running2, "running2") })
        {
            var answer = await call.AnswerAsync();
            Assert.Equal(("worker_lost", $"started {name}"), (answer.Status, answer.Stdout));
        }
        Assert.Equal("started installing", (await installing.AnswerAsync()).Stdout);
        Assert.Equal(["installing", "queued0", "queued1", "queued2", "queued3", "queued4", "running1", "running2"], service.Ledger.Names().Order());
        queued.ForEach(call => call.Dispose());
    }

    [Fact(Timeout = 120_000)]
    public async Task No_call_is_lost_when_a_worker_is_told_to_stop()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        await using var index = new HeldIndex();
        var wheel = await NumpyWheel.BuiltAsync();
        var leaving = await service.AddWorkerAsync(settings => settings.With("WORKER_CONCURRENCY", "2").With("DRAIN_SECONDS", "100").With("PIP_INDEX_URL", index.Url).With("PIP_NO_INDEX", null));
        using var running = await service.CallAsync(service.Ledger.Waiting("running"));
        await running.PrintedAsync("started running");
        using var installing = await service.CallAsync(service.Ledger.Short("installing"), package: wheel.Requirement);
        await index.WasAsked();
        var queued = new List<ToolCall>();
        for (var i = 0; i < 8; i++) queued.Add(await service.CallAsync(service.Ledger.Short($"queued{i}")));

        await leaving.SignalAsync("TERM");
        await leaving.Stderr.HasAsync("Stopping: takes no more jobs");
        await service.AddWorkerAsync(settings => settings.With("PIP_FIND_LINKS", wheel.Links));
        for (var i = 0; i < 8; i++) Assert.Equal($"started queued{i}", (await queued[i].AnswerAsync()).Stdout);
        Assert.Equal("started installing", (await installing.AnswerAsync()).Stdout);
        service.Ledger.OpenGate();

        Assert.Equal("started running\nended running", (await running.AnswerAsync()).Stdout);
        Assert.Equal(0, (await leaving.EndAsync()).ExitCode);
        Assert.Equal(10, service.Ledger.Names().Count());
        Assert.Equal(10, service.Ledger.Names().Distinct().Count());
        queued.ForEach(call => call.Dispose());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_long_installation_is_handed_on_even_after_the_time_a_call_may_wait()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        var impatient = await service.AddWebAsync(settings => settings.With("QUEUE_TIMEOUT_SECONDS", "5"));
        await using var index = new HeldIndex();
        var wheel = await NumpyWheel.BuiltAsync();
        var leaving = await service.AddWorkerAsync(settings => settings.With("PIP_INDEX_URL", index.Url).With("PIP_NO_INDEX", null));
        await service.AnswersAsync();
        using var call = await service.CallAsync(service.Ledger.Short("installing"), impatient, wheel.Requirement);
        await index.WasAsked();
        await Eventually.HoldsAsync(async () => await service.Redis.TimeAsync() > await service.Redis.DeadlineAsync(), "an end of the time that the job may wait");

        await leaving.SignalAsync("TERM");
        await service.AddWorkerAsync(settings => settings.With("PIP_FIND_LINKS", wheel.Links));

        Assert.Equal("started installing", (await call.AnswerAsync()).Stdout);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_runs_past_the_drain_time_is_answered_as_lost_with_its_output()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        var leaving = await service.AddWorkerAsync(settings => settings.With("DRAIN_SECONDS", "1"));
        using var call = await service.CallAsync(service.Ledger.Waiting("endless"));
        await call.PrintedAsync("started endless");

        await leaving.SignalAsync("TERM");

        var answer = await call.AnswerAsync();
        Assert.Equal(("worker_lost", "started endless"), (answer.Status, answer.Stdout));
        Assert.Equal(0, (await leaving.EndAsync()).ExitCode);
        Assert.False(service.Ledger.IsRunning("endless"));
    }

    [Fact(Timeout = 120_000)]
    public async Task What_was_sent_to_a_frozen_worker_is_answered_and_does_not_run_when_that_comes_back()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        var frozen = await service.AddWorkerAsync();
        await service.AnswersAsync();

        await frozen.SignalAsync("STOP");
        using var call = await service.CallAsync(service.Ledger.Short("sent"));
        var answer = await call.AnswerAsync();
        Assert.Equal(("worker_lost", ""), (answer.Status, answer.Stdout));

        await frozen.SignalAsync("CONT");
        // It asks before it starts, or hears at its next renewal first.
        await frozen.Stderr.HasOneOfAsync("was given up: its lease ran out before it started", "ended too late");
        await service.AnswersAsync();
        Assert.Empty(service.Ledger.Names());
    }

    [Fact(Timeout = 120_000)]
    public async Task A_frozen_worker_changes_nothing_when_it_comes_back()
    {
        await using var service = await QueueService.StartAsync(workers: 0);
        var frozen = await service.AddWorkerAsync();
        using var endless = await service.CallAsync(service.Ledger.Waiting("endless"));
        using var ending = await service.CallAsync(service.Ledger.Waiting("ending", gate: "early"));
        await endless.PrintedAsync("started endless");
        await ending.PrintedAsync("started ending");

        await frozen.SignalAsync("STOP");
        service.Ledger.OpenGate("early");
        await service.Ledger.EndedAsync("ending");
        var answers = (await endless.AnswerAsync(), await ending.AnswerAsync());
        Assert.Equal(("worker_lost", "started endless"), (answers.Item1.Status, answers.Item1.Stdout));
        Assert.Equal(("worker_lost", "started ending"), (answers.Item2.Status, answers.Item2.Stdout));
        var results = await service.Redis.KeysAsync("codeexec:result:*");
        Assert.Equal(2, results.Count);

        // Long enough that what is kept of an ordinary call is gone: the worker must know all the same that its jobs are closed.
        await service.AddWorkerAsync();
        await service.AnswersAsync();
        await Eventually.HoldsAsync(
            async () => (await service.Redis.KeysAsync("codeexec:result:*")).All(results.Contains), "an end of the ordinary call's result");
        await frozen.SignalAsync("CONT");

        await frozen.Stderr.HasAsync("ended too late");
        await service.Ledger.EndedAsync("endless");
        foreach (var key in results) Assert.Contains("WorkerLost", await service.Redis.CommandAsync("GET", key), StringComparison.Ordinal);
        Assert.Empty(await service.Redis.KeysAsync("codeexec:job:*"));
        await service.AnswersAsync();
    }
}
