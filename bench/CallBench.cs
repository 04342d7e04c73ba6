namespace CodeExec.Bench;

/// <summary>One caller, one call after another: <c>print(2+2)</c>, in one process and through Redis.</summary>
internal sealed class CallBench(BenchOptions options)
{
    private const string Code = "print(2+2)";
    private const int WarmUp = 300;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var web = await WebServer.StartAsync(options);
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 16);
        await using var reference = await ReferenceServer.StartAsync(options);
        using var embedded = new ToolClient(web.Url);
        using var queued = new ToolClient(stack.Web.Url);
        using var theirs = await reference.ConnectAsync();
        var bare = new BarePython(options.Python);
        for (var i = 0; i < WarmUp; i++)
        {
            await embedded.CallAsync(Code);
            await queued.CallAsync(Code);
        }
        var (baseline, inOne, throughRedis, referenceWay) = (new Timings(), new Timings(), new Timings(), new Timings());
        for (var i = 0; i < options.Rounds / Timings.Block; i++)
        {
            await baseline.TakeBlockAsync(() => bare.RunAsync(Code));
            await inOne.TakeBlockAsync(() => embedded.CallAsync(Code));
            await throughRedis.TakeBlockAsync(() => queued.CallAsync(Code));
            await referenceWay.TakeBlockAsync(() => theirs.CallAsync(Code));
        }
        report.Add("print(2+2), embedded / bare python3", inOne, baseline);
        report.Add("print(2+2), through Redis / bare python3", throughRedis, baseline);
        report.Add("print(2+2), through Redis / the reference's way", throughRedis, referenceWay);
    }
}
