namespace CodeExec.Tests.Support;

/// <summary>Bounded waits, for what sends no signal of its own (the process table, another process's files).</summary>
internal static class Eventually
{
    /// <summary>The longest that any test waits for one thing; far more than anything takes.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Waits until something holds.</summary>
    public static async Task HoldsAsync(Func<bool> holds, string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!holds())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"There was never {what}.");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <summary>Waits until something holds that takes an exchange with another process to know.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> holds, string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await holds())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"There was never {what}.");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Waits for a task, but not for ever.</summary>
    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Limit);

    /// <summary>Waits for a task, but not for ever.</summary>
    public static Task Within(this Task task) => task.WaitAsync(Limit);
}
