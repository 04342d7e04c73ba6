namespace CodeExec.Shared.Jobs;

/// <summary>Why a job is being stopped before its end.</summary>
public enum StopReason
{
    /// <summary>The client's connection is gone: nobody waits for the result.</summary>
    ClientGone,

    /// <summary>The client sent <c>notifications/cancelled</c>, or the user pressed Ctrl-C.</summary>
    ClientCancelled,

    /// <summary>This process is told to end.</summary>
    ShuttingDown,
}

/// <summary>
/// A request to stop one job that remembers who asked first. Any thread may ask; asking again, or after the end, changes nothing.
/// The asker disposes it after the run has ended.
/// </summary>
public sealed class JobStop : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<CancellationTokenRegistration> _links = [];
    private readonly Lock _lock = new();
    private int _reason = -1;
    private bool _disposed;

    /// <summary>Cancelled once somebody asked.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Who asked first; null while nobody has.</summary>
    public StopReason? Reason => _reason < 0 ? null : (StopReason)_reason;

    /// <summary>Asks for the job to be stopped. Returns at once; the job ends a little later.</summary>
    public void Request(StopReason reason)
    {
        lock (_lock)
        {
            // A cancellation that crosses the job's end on its way comes here too late.
            if (_disposed || _reason >= 0) return;
            _reason = (int)reason;
            // Callbacks run elsewhere: whoever asks (a notification, a signal handler) must not wait for the kill.
            _ = _source.CancelAsync();
        }
    }

    /// <summary>Makes a token's cancellation a request with this reason. Call before the run starts; not thread-safe.</summary>
    public JobStop On(CancellationToken token, StopReason reason)
    {
        _links.Add(token.Register(() => Request(reason)));
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Outside the lock: this waits for a callback that is under way, which may want the lock.
        foreach (var link in _links) link.Dispose();
        lock (_lock)
        {
            _disposed = true;
            _source.Dispose();
        }
    }
}
