namespace CodeExec.Bench;

/// <summary>Calls in one slot while a fork bomb, a memory hog and an endless printer run in three others, again and again, beside calls alone.</summary>
internal sealed class SiegeBench(BenchOptions options)
{
    private const string Code = "print(2+2)";
    private const int WarmUp = 2000;

    private static readonly string[] Besiegers = [HostileProgram.ForkBomb, HostileProgram.MemoryHog, HostileProgram.EndlessPrinter];

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        // One for each, one for the calls, and one for each while it is cleared away: the next attack is sent as soon as one is answered.
        await using var web = await WebServer.StartAsync(options, [("WORKER_CONCURRENCY", "7"), .. HostileProgram.Settings]);
        using var client = new ToolClient(web.Url);
        for (var i = 0; i < WarmUp; i++) await client.CallAsync(Code);
        var (alone, besieged) = (new Timings(), new Timings());
        var endings = new SortedDictionary<string, int>(StringComparer.Ordinal);
        // What attacks make the service do is compiled in the first of these, too, so that isn't counted.
        await BesiegeAsync(client, new Timings(), []);
        for (var i = 0; i < options.Siege / Timings.Block; i++)
        {
            await alone.TakeBlockAsync(() => client.CallAsync(Code));
            await BesiegeAsync(client, besieged, endings);
        }
        report.Add("print(2+2) beside three attacks / alone", besieged, alone);
        foreach (var (ending, count) in endings) report.Add($"attacks that ended as {ending}", "count", $"{count}");
    }

    private static async Task BesiegeAsync(ToolClient client, Timings besieged, SortedDictionary<string, int> endings)
    {
        using var over = new CancellationTokenSource();
        var attacks = Besiegers.Select(code => AttackAsync(client, code, endings, over.Token)).ToList();
        await besieged.TakeBlockAsync(() => client.CallAsync(Code));
        await over.CancelAsync();
        await Task.WhenAll(attacks);
    }

    // One after the other until there were enough calls; the last runs to its end.
    private static async Task AttackAsync(ToolClient client, string code, SortedDictionary<string, int> endings, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var status = await client.StatusAsync(code);
            lock (endings) endings[status] = endings.GetValueOrDefault(status) + 1;
        }
    }
}
