namespace CodeExec.Bench;

/// <summary>What each part holds in memory when it is idle, and what a job adds.</summary>
internal sealed class MemoryBench(BenchOptions options)
{
    private const int Jobs = 10;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 16);
        using var client = new ToolClient(stack.Web.Url);
        await Task.Delay(Settle);
        report.Add("web, started", "resident", Megabytes(ProcessMemory.Resident(stack.Web.Pid)));
        var worker = stack.WorkerPids.Single();
        report.Add("worker, its fork server and waiting children, started", "proportional", Megabytes(Tree(worker)));

        for (var i = 0; i < 500; i++) await client.CallAsync("print(2+2)");
        await Task.Delay(Settle);
        report.Add("web, after 500 calls", "resident", Megabytes(ProcessMemory.Resident(stack.Web.Pid)));
        report.Add("worker, its fork server and waiting children, after them", "proportional", Megabytes(Tree(worker)));

        var before = Tree(worker);
        var running = Enumerable.Range(0, Jobs).Select(_ => client.CallAsync("import time; time.sleep(4)")).ToList();
        await Task.Delay(Settle);
        report.Add("a running job that sleeps", "proportional", Megabytes((Tree(worker) - before) / Jobs));
        await Task.WhenAll(running);

        for (var i = 0; i < 3; i++)
        {
            await client.CallAsync("import numpy", options.Numpy);
            await Task.Delay(Settle);
        }
        var warm = ProcessMemory.Resident(ProcessMemory.Children(worker).Single(pid => File.ReadAllText($"/proc/{pid}/cmdline").EndsWith("\0numpy\0", StringComparison.Ordinal)));
        var bare = await BarePython.ResidentAsync(options.Python, "import numpy");
        report.Add("fork server that has NumPy imported / bare python3 with it", "resident", Megabytes(warm), Megabytes(bare), warm / bare);
    }

    private static double Tree(int pid) => ProcessMemory.Proportional(pid) + ProcessMemory.Children(pid).Sum(Tree);

    private static string Megabytes(double value) => FormattableString.Invariant($"{value:0.0} MB");
}
