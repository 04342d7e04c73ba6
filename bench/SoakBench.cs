namespace CodeExec.Bench;

/// <summary>Very many calls in a row through Redis: what the service holds before and after them must be the same.</summary>
internal sealed class SoakBench(BenchOptions options)
{
    private const int Callers = 8;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(15);

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 16);
        using var client = new ToolClient(stack.Web.Url);
        // The first tenth brings pools and compiled code to their size.
        await CallAsync(client, options.Soak / 10);
        var before = await HoldingsAsync(stack);
        await CallAsync(client, options.Soak);
        var after = await HoldingsAsync(stack);
        foreach (var (name, value) in before) report.Add($"{name}, after {options.Soak / 10} calls and {options.Soak} more", "count or MB", $"{after[name]:0.#}", $"{value:0.#}", after[name] / Math.Max(1, value));
    }

    private static async Task CallAsync(ToolClient client, int calls)
    {
        var left = calls;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await client.CallAsync("print(2+2)");
        })));
    }

    private async Task<SortedDictionary<string, double>> HoldingsAsync(QueueStack stack)
    {
        // Results are kept for some seconds after they were heard.
        await Task.Delay(Settle);
        var worker = stack.WorkerPids.Single();
        var server = ProcessMemory.Children(worker).Single(pid => File.ReadAllText($"/proc/{pid}/cmdline").Contains("The fork server", StringComparison.Ordinal));
        return new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["web, resident MB"] = ProcessMemory.Resident(stack.Web.Pid),
            ["web, descriptors"] = Directory.GetFileSystemEntries($"/proc/{stack.Web.Pid}/fd").Length,
            ["worker, resident MB"] = ProcessMemory.Resident(worker),
            ["worker, descriptors"] = Directory.GetFileSystemEntries($"/proc/{worker}/fd").Length,
            ["fork server, resident MB"] = ProcessMemory.Resident(server),
            ["fork server, descriptors"] = Directory.GetFileSystemEntries($"/proc/{server}/fd").Length,
            ["processes below the worker"] = 1 + ProcessMemory.Children(server).Count,
            ["files and folders of jobs"] = Directory.EnumerateFileSystemEntries(options.WorkDirectory, "*", SearchOption.AllDirectories).Count(),
            ["Redis keys"] = await stack.RedisKeysAsync(),
            ["Redis dataset MB"] = await stack.RedisDatasetBytesAsync() / 1024.0 / 1024.0,
        };
    }
}
