using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>Where calls run when there are several workers, with real processes and real packages.</summary>
public sealed class WarmWorkerTests
{
    private const int Calls = 400;
    private const int AtOnce = 24;
    private const string WhoRunsIt = "import os; print(os.getcwd().split('/')[-3])";

    [Fact(Timeout = 120_000)]
    public async Task Calls_with_packages_go_to_the_worker_that_has_them_ready()
    {
        var wheel = await NumpyWheel.BuiltAsync();
        await using var service = await QueueService.StartAsync();
        service.Settings = service.Settings.With("PIP_FIND_LINKS", wheel.Links);
        await service.AddWebAsync();
        for (var i = 0; i < 3; i++) await service.AddWorkerAsync();
        await WorkersAsync(service, 3);

        var workers = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            using var call = await service.CallAsync(WhoRunsIt, package: wheel.Requirement);
            workers.Add((await call.AnswerAsync()).Stdout);
        }

        // On a machine so busy that nothing moves for a third of a second, one may go elsewhere.
        Assert.InRange(workers.Count(worker => worker == workers[0]), 8, 10);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_was_handed_to_a_warm_worker_that_freezes_and_dies_runs_once_elsewhere()
    {
        var wheel = await NumpyWheel.BuiltAsync();
        await using var service = await QueueService.StartAsync();
        service.Settings = service.Settings.With("PIP_FIND_LINKS", wheel.Links);
        await service.AddWebAsync();
        var doomed = await service.AddWorkerAsync();
        using (var first = await service.CallAsync(service.Ledger.Short("first"), package: wheel.Requirement)) await first.AnswerAsync();

        await doomed.SignalAsync("STOP");
        var calls = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => service.CallAsync(service.Ledger.Short($"handed{i}"), package: wheel.Requirement)));
        await Eventually.HoldsAsync(async () => (await service.Redis.HandedJobsAsync()).Count > 0, "a job that was handed over");
        await doomed.SignalAsync("KILL");
        await service.AddWorkerAsync();

        for (var i = 0; i < calls.Length; i++) Assert.Equal($"started handed{i}", (await calls[i].AnswerAsync()).Stdout);
        Assert.Equal(["first", "handed0", "handed1", "handed2"], service.Ledger.Names().Order());
        foreach (var call in calls) call.Dispose();
    }

    [Fact(Timeout = 180_000)]
    public async Task Calls_without_packages_are_shared_evenly()
    {
        await using var service = await QueueService.StartAsync(workers: 4);
        await WorkersAsync(service, 4);

        var shares = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Calls), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, _) =>
        {
            using var call = await service.CallAsync(WhoRunsIt);
            shares.AddOrUpdate((await call.AnswerAsync()).Stdout, 1, (_, count) => count + 1);
        });

        Assert.Equal(Calls, shares.Values.Sum());
        Assert.True(shares.Values.Max() <= Calls * 0.4, $"One worker ran too many: {string.Join(", ", shares.Values)}");
    }

    private static Task WorkersAsync(QueueService service, int count) =>
        Eventually.HoldsAsync(async () => (await service.Redis.KeysAsync("codeexec:worker:*")).Count == count, $"a sign of life of {count} workers");
}
