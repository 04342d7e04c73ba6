using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>What every queue engine promises about workers that have a job's packages ready.</summary>
public abstract class WarmQueueContract : QueueContract
{
    [Fact(Timeout = 60_000)]
    public async Task Jobs_go_to_the_worker_that_has_their_packages_ready_while_it_has_a_free_slot()
    {
        await using var web = await OpenSenderAsync(Options);
        var handlers = Enumerable.Range(0, 3).Select(_ => new ScriptedHandler(slots: 2) { Always = _ => Task.FromResult(Result("")) }).ToList();
        var workers = new List<RunningWorker>();
        foreach (var handler in handlers) workers.Add(await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), handler));

        // Two sets, of which either may end up on any worker: the jobs of a set run where its first one did. On a machine so busy that
        // nothing moves for a third of a second, one may go elsewhere.
        foreach (var set in new[] { "numpy", "pandas" })
        {
            var jobs = Enumerable.Range(0, 12).Select(_ => Jobs.Python("pass", set, "requests>=2")).ToList();
            foreach (var job in jobs)
            {
                using var sent = await web.Side.SendAsync(job, CancellationToken.None);
                await FinishedAsync(sent);
            }
            var warm = handlers.Single(handler => handler.Handled.Contains(jobs[0].Id));
            Assert.InRange(jobs.Count(job => warm.Handled.Contains(job.Id)), 10, 12);
        }
        foreach (var worker in workers) await worker.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_worker_that_has_the_packages_ready_but_no_free_slot_is_not_waited_for()
    {
        await using var web = await OpenSenderAsync(Options);
        var warm = new ScriptedHandler(slots: 1);
        await using var warmWorker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), warm);
        var first = Job("first");
        using var sentFirst = await web.Side.SendAsync(first, CancellationToken.None);
        warm.End(first.Id, Result("first"));
        await FinishedAsync(sentFirst);
        var cold = new ScriptedHandler(slots: 1) { Always = _ => Task.FromResult(Result("cold")) };
        await using var coldWorker = await RunningWorker.StartAsync(await OpenReceiverAsync(Options, TimeSpan.FromSeconds(5)), cold);

        var (kept, other) = (Job("kept"), Job("other"));
        using var sentKept = await web.Side.SendAsync(kept, CancellationToken.None);
        await warm.Started(kept.Id);
        using var sentOther = await web.Side.SendAsync(other, CancellationToken.None);

        Assert.Equal("cold", (await FinishedAsync(sentOther)).Stdout);
        Assert.Equal([other.Id], cold.Handled);
        warm.End(kept.Id, Result("warm"));
        Assert.Equal("warm", (await FinishedAsync(sentKept)).Stdout);
    }
}
