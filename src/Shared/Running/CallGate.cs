namespace CodeExec.Shared.Running;

/// <summary>
/// Counts the calls under way and lets a process end in order: close the gate (new calls are refused), wait for the running ones,
/// stop those that remain. Any thread.
/// </summary>
public sealed class CallGate : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopCalls = new();
    private int _running;
    private bool _closed;

    /// <summary>Cancelled when calls that still run must be stopped.</summary>
    public CancellationToken StopCalls => _stopCalls.Token;

    /// <summary>Calls under way.</summary>
    public int Running { get { lock (_lock) return _running; } }

    /// <summary>Whether new calls are refused.</summary>
    public bool IsClosed { get { lock (_lock) return _closed; } }

    /// <summary>Counts one call until it is disposed.</summary>
    /// <exception cref="RunnerException">The gate is closed.</exception>
    public IDisposable Enter()
    {
        lock (_lock)
        {
            if (_closed) throw new RunnerException("The server is shutting down and takes no new calls. Call again in a few seconds: another process, or its restart, will answer.");
            _running++;
        }
        return new Passage(this);
    }

    /// <summary>Refuses new calls, gives the running ones a time to end, then stops them and waits as long again at most.</summary>
    /// <param name="drainTime">How long running calls may go on.</param>
    /// <param name="stopTime">How long stopped calls may take to be answered.</param>
    /// <param name="time">The clock.</param>
    /// <returns>Whether every call has ended.</returns>
    public async Task<bool> CloseAsync(TimeSpan drainTime, TimeSpan stopTime, TimeProvider time)
    {
        lock (_lock)
        {
            _closed = true;
            if (_running == 0) _idle.TrySetResult();
        }
        if (await EndedWithin(drainTime, time)) return true;
        await _stopCalls.CancelAsync();
        return await EndedWithin(stopTime, time);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopCalls.Dispose();

    private async Task<bool> EndedWithin(TimeSpan limit, TimeProvider time)
    {
        try
        {
            await _idle.Task.WaitAsync(limit, time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _running--;
            if (_closed && _running == 0) _idle.TrySetResult();
        }
    }

    private sealed class Passage(CallGate gate) : IDisposable
    {
        private CallGate? _gate = gate;

        public void Dispose() => Interlocked.Exchange(ref _gate, null)?.Leave();
    }
}
