namespace CodeExec.Bench;

/// <summary>Callers at once, calls per second: <c>print(2+2)</c> through Redis, in one process, by bare interpreters and the reference's way.</summary>
internal sealed class ThroughputBench(BenchOptions options)
{
    private const string Code = "print(2+2)";
    private const int Rounds = 3;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var web = await WebServer.StartAsync(options);
        await using var stack = await QueueStack.StartAsync(options, workers: 2, slots: 16);
        await using var reference = await ReferenceServer.StartAsync(options);
        using var embedded = new ToolClient(web.Url);
        using var queued = new ToolClient(stack.Web.Url);
        var bare = new BarePython(options.Python);
        await CallRate.OfAsync(8, 1000, _ => embedded.CallAsync(Code));
        await CallRate.OfAsync(8, 1000, _ => queued.CallAsync(Code));
        foreach (var callers in new[] { 1, 8, 64 })
        {
            var theirs = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => reference.ConnectAsync()));
            // In turns, and the best of each: what else the machine does can only slow one down.
            var rates = new double[4];
            for (var round = 0; round < Rounds; round++)
            {
                rates[0] = Math.Max(rates[0], await CallRate.OfAsync(callers, 1000, _ => queued.CallAsync(Code)));
                rates[1] = Math.Max(rates[1], await CallRate.OfAsync(callers, 1000, _ => embedded.CallAsync(Code)));
                rates[2] = Math.Max(rates[2], await CallRate.OfAsync(callers, 150, _ => bare.RunAsync(Code)));
                rates[3] = Math.Max(rates[3], await CallRate.OfAsync(callers, 150, caller => theirs[caller].CallAsync(Code)));
            }
            report.AddRate($"{callers} callers, through Redis, 2 workers / reference's way", rates[0], rates[3]);
            report.AddRate($"{callers} callers, through Redis, 2 workers / bare python3", rates[0], rates[2]);
            report.AddRate($"{callers} callers, embedded / reference's way", rates[1], rates[3]);
            foreach (var caller in theirs) caller.Dispose();
        }
    }
}
