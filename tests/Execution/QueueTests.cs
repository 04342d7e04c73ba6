using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>The bound on how many jobs run and wait.</summary>
public sealed class QueueTests
{
    [Fact]
    public async Task A_job_waits_for_a_slot_and_says_how_many_are_before_it()
    {
        await using var service = OneSlot();
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        var first = service.Start(Jobs.Python("print('first')"));
        await first.Queued();
        var second = service.Start(Jobs.Python("print('second')"));
        await second.Queued();
        Assert.Equal((1, 2), (service.Local.Slots.Running, service.Local.Slots.Waiting));
        running.Stop.Request(StopReason.ClientCancelled);
        Assert.Equal("first\n", (await first.Finished).Stdout);
        Assert.Equal("second\n", (await second.Finished).Stdout);
        Assert.Equal(new JobQueued(0), first.Events[0]);
        Assert.Equal(new JobQueued(1), second.Events[0]);
        Assert.True((await second.Finished).QueueTime > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, (await first.Finished).InstallTime);
    }

    [Fact]
    public async Task First_come_is_first_served()
    {
        await using var service = OneSlot();
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        var order = service.Folder.SharedFile("order");
        var waiting = new List<TestRun>();
        for (var i = 0; i < 6; i++)
        {
            waiting.Add(service.Start(Jobs.Python($"open({WheelFolder.Python(order)}, 'a').write('{i}'); print({i})")));
            await waiting[i].Queued();
        }
        running.Stop.Request(StopReason.ClientCancelled);
        foreach (var run in waiting) await run.Finished;
        Assert.Equal("012345", File.ReadAllText(order));
    }

    [Fact]
    public async Task One_too_many_is_told_that_the_service_is_busy_and_by_how_much()
    {
        await using var service = OneSlot(queueLimit: 1);
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        var waiting = service.Start(Jobs.Python("print('waited')"));
        await waiting.Queued();
        var busy = await Assert.ThrowsAsync<RunnerException>(() => service.RunAsync("print(1)"));
        Assert.Contains("busy: 1 calls run (WORKER_CONCURRENCY) and 1 wait (QUEUE_LIMIT)", busy.Message, StringComparison.Ordinal);
        running.Stop.Request(StopReason.ClientCancelled);
        Assert.Equal("waited\n", (await waiting.Finished).Stdout);
        Assert.Equal((0, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
    }

    [Fact]
    public async Task A_job_that_waits_too_long_is_told_so_and_leaves_the_queue()
    {
        var time = new ManualTime();
        await using var service = OneSlot(time: time);
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        var waiting = service.Start(Jobs.Python("print(1)"));
        await waiting.Queued();
        await time.PassAsync(service.Settings.Execution.QueueTimeout);
        var busy = await Assert.ThrowsAsync<RunnerException>(() => waiting.Finished);
        Assert.Contains("waited 20 s (QUEUE_TIMEOUT_SECONDS) for one of 1 slots (WORKER_CONCURRENCY)", busy.Message, StringComparison.Ordinal);
        Assert.Null(waiting.Stop.Reason);
        Assert.Equal((1, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
        running.Stop.Request(StopReason.ClientCancelled);
        await running.Finished;
        Assert.Equal("again\n", (await service.RunAsync("print('again')")).Stdout);
    }

    [Fact]
    public async Task A_job_that_is_cancelled_while_it_waits_never_runs()
    {
        await using var service = OneSlot();
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        var waiting = service.Start(Jobs.Python("print(1)"));
        await waiting.Queued();
        waiting.Stop.Request(StopReason.ClientCancelled);
        var result = await waiting.Finished;
        Assert.Equal((ExecutionStatus.Cancelled, "", ExecutionResult.KilledReturnCode), (result.Status, result.Stdout, result.ReturnCode));
        Assert.DoesNotContain(waiting.Events, happened => happened is JobStarted);
        Assert.Equal((1, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
        running.Stop.Request(StopReason.ClientCancelled);
        await running.Finished;
    }

    [Fact]
    public async Task A_consumer_that_leaves_while_it_waits_gives_its_place_up()
    {
        await using var service = OneSlot(queueLimit: 1);
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        using var stop = new JobStop();
        await foreach (var happened in service.Local.Runner.RunAsync(Jobs.Python("print(1)"), stop))
        {
            Assert.IsType<JobQueued>(happened);
            break;
        }
        Assert.Equal((1, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
        var next = service.Start(Jobs.Python("print('next')"));
        await next.Queued();
        running.Stop.Request(StopReason.ClientCancelled);
        Assert.Equal("next\n", (await next.Finished).Stdout);
        Assert.Equal(0, service.Local.Slots.Running);
    }

    [Fact]
    public async Task A_consumer_that_got_a_slot_and_leaves_before_it_knows_gives_it_back()
    {
        await using var service = OneSlot();
        var running = service.Start(Jobs.Endless());
        await running.Printed("ready");
        using var stop = new JobStop();
        var events = service.Local.Runner.RunAsync(Jobs.Python("print(1)"), stop).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        running.Stop.Request(StopReason.ClientCancelled);
        await running.Finished;
        await events.DisposeAsync();
        Assert.Equal((0, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
    }

    [Fact]
    public async Task A_slot_comes_back_however_a_job_ends()
    {
        await using var service = OneSlot(queueLimit: 0);
        await service.RunAsync("raise SystemExit(3)");
        await service.RunAsync("print(1)", "no-such-package-anywhere");
        var stopped = service.Start(Jobs.Endless());
        await stopped.Printed("ready");
        stopped.Stop.Request(StopReason.ClientCancelled);
        await stopped.Finished;
        using var stop = new JobStop();
        await foreach (var happened in service.Local.Runner.RunAsync(Jobs.Endless(), stop))
            if (happened is JobStarted) break;
        Assert.Equal(0, service.Local.Slots.Running);
        Assert.Equal("free\n", (await service.RunAsync("print('free')")).Stdout);
    }

    [Fact]
    public async Task Many_jobs_over_few_slots_all_get_their_own_result()
    {
        await using var service = new TestService(execution: options => options with { Concurrency = 3, QueueLimit = 100 });
        var runs = Enumerable.Range(0, 40).Select(i => service.Start(Jobs.Python($"print({i})"))).ToList();
        for (var i = 0; i < runs.Count; i++) Assert.Equal($"{i}\n", (await runs[i].Finished).Stdout);
        Assert.Equal((0, 0), (service.Local.Slots.Running, service.Local.Slots.Waiting));
    }

    private static TestService OneSlot(int queueLimit = 100, TimeProvider? time = null) =>
        new(execution: options => options with { Concurrency = 1, QueueLimit = queueLimit, QueueTimeout = TimeSpan.FromSeconds(20) }, time: time);
}
