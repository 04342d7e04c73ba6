using CodeExec.Shared.Jobs;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Execution;

/// <summary>What ended a child's run.</summary>
internal enum ChildEnding
{
    /// <summary>It ended by itself.</summary>
    Exited,

    /// <summary>The time limit passed.</summary>
    TimedOut,

    /// <summary>It printed too much.</summary>
    PrintedTooMuch,

    /// <summary>It passed another of its limits.</summary>
    PassedLimit,

    /// <summary>Somebody asked for it to be stopped.</summary>
    Stopped,
}

/// <summary>Waits for the first thing that ends a child's run, and sees to it that it does end.</summary>
internal static class ChildWatch
{
    /// <summary>Watches a child to its end.</summary>
    /// <param name="child">The child.</param>
    /// <param name="ended">Done when its program has ended.</param>
    /// <param name="limit">Longest it may run.</param>
    /// <param name="grace">Time between SIGTERM and SIGKILL.</param>
    /// <param name="tooMuch">Done when it has printed more than it may.</param>
    /// <param name="passed">Done when it has passed another limit: it gets no grace then, in which it would go on.</param>
    /// <param name="stop">A request to stop it.</param>
    /// <param name="time">The clock.</param>
    /// <returns>What ended it, and whether it is really gone: false when the kernel holds it despite SIGKILL.</returns>
    public static async Task<(ChildEnding Ending, bool Gone)> WaitAsync(
        IChild child, Task ended, TimeSpan limit, TimeSpan grace, Task tooMuch, Task passed, JobStop stop, TimeProvider time)
    {
        using var over = new CancellationTokenSource();
        var timedOut = Task.Delay(limit, time, over.Token);
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, time, stop.Token);
        var first = await Task.WhenAny(ended, timedOut, tooMuch, passed, stopped);
        End(over);

        if (first == ended) return (ChildEnding.Exited, true);
        var gone = await child.StopAsync(first == passed ? TimeSpan.Zero : grace, time);
        if (first == passed) return (ChildEnding.PassedLimit, gone);
        if (first == timedOut) return (ChildEnding.TimedOut, gone);
        return (first == tooMuch ? ChildEnding.PrintedTooMuch : ChildEnding.Stopped, gone);
    }

    // Here and now: it ends a timer that nobody waits for any more, and the way through the pool would be part of every call's time.
    private static void End(CancellationTokenSource over) => over.Cancel();
}
