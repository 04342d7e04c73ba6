using System.Diagnostics;

namespace CodeExec.Bench;

/// <summary>Calls per second of so many callers, each of whom makes the next call when the last is answered.</summary>
internal static class CallRate
{
    /// <summary>Makes the calls.</summary>
    /// <param name="callers">How many at once.</param>
    /// <param name="calls">How many in all.</param>
    /// <param name="call">One call of the caller with this number, from 0.</param>
    public static async Task<double> OfAsync(int callers, int calls, Func<int, Task> call)
    {
        var left = calls;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await call(caller);
        })));
        return calls / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
