namespace CodeExec.Worker.Processes;

/// <summary>A process that runs for us, with its group: its output through pipes, its end, and the signals to all of it. Any thread.</summary>
public interface IChild : IDisposable
{
    /// <summary>Names the process in the log: its pid as we see it; 0 while that isn't known yet.</summary>
    int Pid { get; }

    /// <summary>What it writes on descriptor 1; ends when the last holder of the pipe has gone.</summary>
    Stream Stdout { get; }

    /// <summary>The same for descriptor 2; null when it was merged into <see cref="Stdout"/>.</summary>
    Stream? Stderr { get; }

    /// <summary>Done when the process has ended, the rest of its group was sent SIGKILL, and what it left behind was ended, as far as that could be done in time (<see cref="ChildExit.LeftSomething"/>).</summary>
    Task<ChildExit> Exited { get; }

    /// <summary>Waits for the end of its program; what is left of it may be on its way out until <see cref="Exited"/>.</summary>
    /// <param name="outputEnded">Done when all that it printed was read.</param>
    Task<ChildExit> ProgramEndAsync(Task outputEnded);

    /// <summary>Asks the whole group to end (SIGTERM).</summary>
    void Terminate();

    /// <summary>Ends the whole group (SIGKILL); it can't refuse, but may take a moment to be gone.</summary>
    void Kill();
}

/// <summary>How a child is made to end.</summary>
public static class ChildStop
{
    /// <summary>SIGTERM, then SIGKILL after the grace time. Returns when the process has ended, or after another such time at most.</summary>
    /// <param name="child">The process.</param>
    /// <param name="grace">Time to end by itself; zero kills at once.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Whether it has ended. False means that the kernel holds it (a hung disk, say); its pid belongs into the log.</returns>
    public static async Task<bool> StopAsync(this IChild child, TimeSpan grace, TimeProvider time)
    {
        if (grace > TimeSpan.Zero)
        {
            child.Terminate();
            if (await EndedWithinAsync(child, grace, time)) return true;
        }
        child.Kill();
        return await EndedWithinAsync(child, TimeSpan.FromSeconds(5) + grace, time);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Whether it came within the limit.</returns>
    public static async Task<bool> EndedWithinAsync(this IChild child, TimeSpan limit, TimeProvider time)
    {
        try
        {
            await child.Exited.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
