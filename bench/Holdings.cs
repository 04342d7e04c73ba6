namespace CodeExec.Bench;

/// <summary>What a web process, its only worker and Redis hold when nothing runs: what must be the same after any number of calls.</summary>
internal static class Holdings
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(130);

    /// <summary>Waits until all is quiet and looks.</summary>
    public static async Task<SortedDictionary<string, double>> OfAsync(QueueStack stack, string workDirectory)
    {
        // Results are kept for ten seconds after they were heard, and what was allocated for calls for up to two minutes (IdleMemory).
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
            ["files and folders of jobs"] = Directory.EnumerateFileSystemEntries(workDirectory, "*", SearchOption.AllDirectories).Count(),
            ["Redis keys"] = await stack.RedisKeysAsync(),
            ["Redis dataset MB"] = await stack.RedisDatasetBytesAsync() / 1024.0 / 1024.0,
        };
    }

    /// <summary>Puts both looks side by side.</summary>
    /// <param name="report">Where.</param>
    /// <param name="before">The first look.</param>
    /// <param name="after">The second.</param>
    /// <param name="between">What happened before each, in words.</param>
    public static void Compare(Report report, SortedDictionary<string, double> before, SortedDictionary<string, double> after, string between)
    {
        foreach (var (name, value) in before) report.Add($"{name}, {between}", "count or MB", $"{after[name]:0.#}", $"{value:0.#}", after[name] / Math.Max(1, value));
    }
}
