namespace CodeExec.Bench;

/// <summary>What the queue costs and how it shares work, each figure beside embedded mode in the same run.</summary>
internal sealed class QueueBench(BenchOptions options)
{
    private const string NoOp = "pass";

    // Until the compiler is done with what a call needs: after 300, it still took a core now and then.
    private const int WarmUp = 2000;
    private const int ThroughputCalls = 500;
    private const int ThroughputRounds = 11;
    private const int ThroughputWarmUp = 3000;
    private const int Workers = 4;
    private const int ThroughputCallers = 64;
    private const int Slots = 4;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await AddedTimeAsync(report);
        await ThroughputAsync(report);
    }

    private async Task AddedTimeAsync(Report report)
    {
        await using var embedded = await WebServer.StartAsync(options, ("WORKER_CONCURRENCY", "4"));
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 4);
        using var direct = new ToolClient(embedded.Url);
        using var queued = new ToolClient(stack.Web.Url);
        for (var i = 0; i < WarmUp; i++) await Task.WhenAll(direct.CallAsync(NoOp), queued.CallAsync(NoOp));
        var (ours, baseline) = (new Timings(), new Timings());
        for (var i = 0; i < options.Rounds * 2 / Timings.Block; i++)
        {
            await baseline.TakeBlockAsync(() => direct.CallAsync(NoOp));
            await ours.TakeBlockAsync(() => queued.CallAsync(NoOp));
        }
        report.Add("pass, through Redis and a worker / embedded", ours, baseline);
        report.Add("what the queue adds", "p50", $"{ours.Percentile(0.5) - baseline.Percentile(0.5):0.00} ms");
        report.Add("what the queue adds", "p99", $"{ours.Percentile(0.99) - baseline.Percentile(0.99):0.00} ms");

        var first = new Timings();
        for (var i = 0; i < options.Rounds; i++) first.Add(await queued.FirstChunkDelayAsync());
        report.Add("print to first chunk at the client, through Redis", "p50", $"{first.Percentile(0.5):0.00} ms");
        report.Add("print to first chunk at the client, through Redis", "p99", $"{first.Percentile(0.99):0.00} ms");
        report.Add("web that sends to workers, after these calls", "resident memory", $"{stack.Web.ResidentMegabytes:0} MB");
        report.Add("worker, after these calls", "resident memory", $"{stack.WorkerMegabytes.Max():0} MB");
    }

    private async Task ThroughputAsync(Report report)
    {
        await using var embedded = await WebServer.StartAsync(options, ("WORKER_CONCURRENCY", $"{Workers * Slots}"));
        await using var stack = await QueueStack.StartAsync(options, Workers, Slots);
        using var direct = new ToolClient(embedded.Url);
        using var queued = new ToolClient(stack.Web.Url);
        // The folder of the worker that ran the job.
        const string WhoRanIt = "import os; print(os.getcwd().split('/')[-3])";
        // Each worker has to be as warm as the one process.
        await CallRate.OfAsync(ThroughputCallers, Workers * ThroughputWarmUp, _ => queued.CallAsync(WhoRanIt));
        await CallRate.OfAsync(ThroughputCallers, ThroughputWarmUp, _ => direct.CallAsync(WhoRanIt));

        // In turns, and the median of the ratios: the machine's own ups and downs are larger than the difference.
        var runs = new List<string>();
        var rates = new List<(double Ours, double Baseline)>();
        for (var round = 0; round < ThroughputRounds; round++)
        {
            var ours = await CallRate.OfAsync(ThroughputCallers, ThroughputCalls, async _ =>
            {
                var worker = (await queued.CallAsync(WhoRanIt))["stdout"]!.GetValue<string>();
                lock (runs) runs.Add(worker);
            });
            rates.Add((ours, await CallRate.OfAsync(ThroughputCallers, ThroughputCalls, _ => direct.CallAsync(WhoRanIt))));
        }
        var median = rates.OrderBy(rate => rate.Ours / rate.Baseline).ElementAt(ThroughputRounds / 2);
        report.AddRate($"{ThroughputCalls} calls, {ThroughputCallers} callers, 4 workers / embedded, as many slots", median.Ours, median.Baseline);
        report.Add("of these calls, over all rounds", "answered", $"{runs.Count} of {ThroughputRounds * ThroughputCalls}");
        report.Add("busiest of 4 workers", "share", $"{100.0 * runs.GroupBy(worker => worker, StringComparer.Ordinal).Max(group => group.Count()) / runs.Count:0} %");
        report.Add("Redis after these calls", "dataset", $"{await stack.RedisDatasetBytesAsync() / 1024.0:0} KB");
    }
}
