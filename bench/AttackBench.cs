namespace CodeExec.Bench;

/// <summary>Very many attacks in a row through Redis: what the service holds before and after them must be the same.</summary>
internal sealed class AttackBench(BenchOptions options)
{
    // Each attack ends by itself within 10 s; most are ended within 0.2.
    private const int Attackers = 3;

    // What a service in use has behind it: pools and compiled code are at their size, and the heap is where the collector lets it be.
    private const int CallsBefore = 5000;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 4, HostileProgram.Settings);
        using var client = new ToolClient(stack.Web.Url);
        for (var call = 0; call < CallsBefore; call++) await client.CallAsync("print(2+2)");
        await AttackAsync(client, options.Attacks / 10);
        var before = await Holdings.OfAsync(stack, options.WorkDirectory);
        var endings = await AttackAsync(client, options.Attacks);
        var after = await Holdings.OfAsync(stack, options.WorkDirectory);
        foreach (var (ending, count) in endings) report.Add($"attacks that ended as {ending}", "count", $"{count}");
        Holdings.Compare(report, before, after, $"after {CallsBefore} calls, {options.Attacks / 10} attacks and {options.Attacks} more");
        await client.CallAsync("print(2+2)");
    }

    private static async Task<SortedDictionary<string, int>> AttackAsync(ToolClient client, int attacks)
    {
        var endings = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Attackers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var attack && attack < attacks)
            {
                var status = await client.StatusAsync(HostileProgram.All[attack % HostileProgram.All.Count]);
                lock (endings) endings[status] = endings.GetValueOrDefault(status) + 1;
            }
        })));
        return endings;
    }
}
