using System.Diagnostics;

namespace CodeExec.Bench;

/// <summary>Times of one thing, taken again and again.</summary>
internal sealed class Timings
{
    /// <summary>Calls in one block.</summary>
    public const int Block = 20;

    private readonly List<double> _milliseconds = [];

    /// <summary>Takes one more.</summary>
    public async Task TakeAsync(Func<Task> action)
    {
        var started = Stopwatch.GetTimestamp();
        await action();
        _milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>
    /// Takes a block, one right after the other, as a caller does. Blocks of both sides take turns: single calls in turn would each start
    /// beside what the other side's last call left to do.
    /// </summary>
    public async Task TakeBlockAsync(Func<Task> action)
    {
        for (var i = 0; i < Block; i++) await TakeAsync(action);
    }

    /// <summary>Adds one that was taken elsewhere, in ms.</summary>
    public void Add(double milliseconds) => _milliseconds.Add(milliseconds);

    /// <summary>The value that a share of the times doesn't exceed, in ms.</summary>
    public double Percentile(double share)
    {
        var sorted = _milliseconds.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }
}
