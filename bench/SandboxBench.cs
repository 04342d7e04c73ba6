namespace CodeExec.Bench;

/// <summary>What confinement costs: the same calls with every layer that this host has, and with SANDBOX=off.</summary>
internal sealed class SandboxBench(BenchOptions options)
{
    private const string Code = "print(2+2)";
    private const int Callers = 64;
    private const int Calls = 1000;
    private const int Rounds = 5;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var closed = await WebServer.StartAsync(options);
        await using var open = await WebServer.StartAsync(options, ("SANDBOX", "off"));
        using var confined = new ToolClient(closed.Url);
        using var free = new ToolClient(open.Url);
        await CallRate.OfAsync(Callers, 2 * Calls, _ => confined.CallAsync(Code));
        await CallRate.OfAsync(Callers, 2 * Calls, _ => free.CallAsync(Code));

        var (ours, baseline) = (new Timings(), new Timings());
        for (var i = 0; i < options.Rounds * 2 / Timings.Block; i++)
        {
            await baseline.TakeBlockAsync(() => free.CallAsync(Code));
            await ours.TakeBlockAsync(() => confined.CallAsync(Code));
        }
        report.Add("print(2+2) embedded, confined / SANDBOX=off", ours, baseline);

        // In turns, and the best of each: what else the machine does can only slow one down.
        var (most, mostFree) = (0.0, 0.0);
        for (var round = 0; round < Rounds; round++)
        {
            most = Math.Max(most, await CallRate.OfAsync(Callers, Calls, _ => confined.CallAsync(Code)));
            mostFree = Math.Max(mostFree, await CallRate.OfAsync(Callers, Calls, _ => free.CallAsync(Code)));
        }
        report.AddRate($"{Callers} callers, embedded, confined / SANDBOX=off", most, mostFree);
    }
}
