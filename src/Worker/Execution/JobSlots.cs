using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;

namespace CodeExec.Worker.Execution;

/// <summary>The bound on how many jobs run and wait in this process. Any thread; first come, first served.</summary>
public sealed class JobSlots(ExecutionOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _free = new(options.Concurrency);
    private int _waiting;

    /// <summary>Jobs that run.</summary>
    public int Running => options.Concurrency - _free.CurrentCount;

    /// <summary>Jobs that wait.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Jobs that may run at once.</summary>
    public int Total => options.Concurrency;

    /// <summary>Takes a slot if one is free now.</summary>
    public bool TryTake() => _free.Wait(0, CancellationToken.None);

    /// <summary>Takes a slot that is free now or soon.</summary>
    /// <returns>False when none was within the limit.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits for the job any more.</exception>
    public Task<bool> TakeAsync(TimeSpan limit, CancellationToken stop) => _free.WaitAsync(limit, stop);

    /// <summary>Waits until no job runs and takes every slot, so that none can start.</summary>
    /// <returns>False when one still ran at the limit.</returns>
    public async Task<bool> CloseAsync(TimeSpan limit)
    {
        // The system's clock: it bounds what a hung kernel or a frozen process can do to our own end.
        using var over = new CancellationTokenSource(limit);
        try
        {
            for (var taken = 0; taken < options.Concurrency; taken++) await _free.WaitAsync(over.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Gives a taken slot back.</summary>
    public void Release() => _free.Release();

    /// <summary>Joins those who wait.</summary>
    /// <returns>How many wait before the caller.</returns>
    /// <exception cref="RunnerException">Too many wait already.</exception>
    public int JoinQueue()
    {
        var place = Interlocked.Increment(ref _waiting);
        if (place <= options.QueueLimit) return place - 1;
        Interlocked.Decrement(ref _waiting);
        throw new RunnerException($"The service is busy: {options.Concurrency} calls run (WORKER_CONCURRENCY) and {options.QueueLimit} wait (QUEUE_LIMIT), which is the limit. Call again in a few seconds.");
    }

    /// <summary>Waits for a slot after <see cref="JoinQueue"/>, and leaves the queue however it ends.</summary>
    /// <exception cref="RunnerException">It took longer than the limit.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for the job any more.</exception>
    public async Task WaitAsync(CancellationToken stop)
    {
        using var limit = new CancellationTokenSource(options.QueueTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            await _free.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new RunnerException($"The service is busy: this call waited {options.QueueTimeout.TotalSeconds:0} s (QUEUE_TIMEOUT_SECONDS) for one of {options.Concurrency} slots "
                + "(WORKER_CONCURRENCY), which is the limit. Call again later.");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();
}
