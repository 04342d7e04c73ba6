namespace CodeExec.Bench;

/// <summary>Very many calls in a row through Redis: what the service holds before and after them must be the same.</summary>
internal sealed class SoakBench(BenchOptions options)
{
    private const int Callers = 8;

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 16);
        using var client = new ToolClient(stack.Web.Url);
        // The first tenth brings pools and compiled code to their size.
        await CallAsync(client, options.Soak / 10);
        var before = await Holdings.OfAsync(stack, options.WorkDirectory);
        await CallAsync(client, options.Soak);
        var after = await Holdings.OfAsync(stack, options.WorkDirectory);
        Holdings.Compare(report, before, after, $"after {options.Soak / 10} calls and {options.Soak} more");
    }

    private static async Task CallAsync(ToolClient client, int calls)
    {
        var left = calls;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await client.CallAsync("print(2+2)");
        })));
    }
}
