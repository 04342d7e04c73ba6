using System.Diagnostics;

namespace CodeExec.Bench;

/// <summary>Many callers at once: <c>print(2+2)</c>, calls per second.</summary>
internal sealed class ThroughputBench(ToolClient client, BenchOptions options)
{
    private const string Code = "print(2+2)";

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        var bare = new BarePython(options.Python);
        foreach (var callers in new[] { 1, 8, 64 })
        {
            var baseline = await RateAsync(callers, () => bare.RunAsync(Code));
            var ours = await RateAsync(callers, () => client.CallAsync(Code));
            report.AddRate($"print(2+2), {callers} callers / bare python3", ours, baseline);
        }
    }

    private async Task<double> RateAsync(int callers, Func<Task> call)
    {
        var left = Math.Max(options.Rounds, callers) * 2;
        var total = left;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await call();
        })));
        return total / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
