using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Auth;

namespace CodeExec.Web.Callers;

/// <summary>
/// What one caller has of this process: so many calls at once, so many that wait for their turn, so many a minute. Whatever is over is
/// refused at once, so a caller's flood never reaches what all share. Any thread; first come, first served.
/// </summary>
/// <param name="name">The caller's name.</param>
/// <param name="limits">How many at once and a minute.</param>
/// <param name="mostWaiting">How many may wait; 0 or more.</param>
/// <param name="waitTime">Longest that one may wait.</param>
/// <param name="time">The clock.</param>
internal sealed class CallerShare(string name, CallerLimits limits, int mostWaiting, TimeSpan waitTime, TimeProvider time) : ICaller, IDisposable
{
    private readonly SemaphoreSlim _free = new(limits.CallsAtOnce);
    private readonly CallRate? _rate = limits.CallsPerMinute > 0 ? new CallRate(limits.CallsPerMinute, time) : null;
    private int _waiting;
    private long _refused;

    /// <inheritdoc/>
    public string Name => name;

    /// <summary>Calls that run, or whose answer isn't read yet.</summary>
    public int Running => limits.CallsAtOnce - _free.CurrentCount;

    /// <summary>Calls that wait for their turn.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Calls refused since the start, for being over a limit of the caller.</summary>
    public long Refused => Volatile.Read(ref _refused);

    private string Who => name == Caller.Anonymous ? "callers without a key" : $"API key \"{name}\"";

    /// <inheritdoc/>
    public ICallTurn Expect() => new Turn(this);

    /// <inheritdoc/>
    public void Dispose() => _free.Dispose();

    private async ValueTask WaitAsync(CancellationToken stop)
    {
        Count();
        if (_free.Wait(0, CancellationToken.None)) return;
        if (Interlocked.Increment(ref _waiting) > mostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw Refuse($"The service is busy: {limits.CallsAtOnce} calls of {Who} run (MAX_CALLS_PER_KEY, KEY_LIMITS) and {mostWaiting} wait, which is the limit. Call again in a few seconds.");
        }
        using var limit = new CancellationTokenSource(waitTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            await _free.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw Refuse($"The service is busy: this call waited {waitTime.TotalSeconds:0} s for one of the {limits.CallsAtOnce} calls that {Who} may run at once (MAX_CALLS_PER_KEY, KEY_LIMITS), which is the limit. Call again later.");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void Count()
    {
        if (_rate?.Take() is { } wait)
            throw Refuse($"The service takes {limits.CallsPerMinute} calls a minute from {Who} (MAX_CALLS_PER_MINUTE, KEY_LIMITS), and they are used up. Call again in {Math.Ceiling(wait.TotalSeconds):0} s.");
    }

    private RunnerException Refuse(string message)
    {
        Interlocked.Increment(ref _refused);
        return new RunnerException(message);
    }

    private sealed class Turn(CallerShare share) : ICallTurn
    {
        private bool _taken;

        public async ValueTask WaitAsync(CancellationToken stop)
        {
            await share.WaitAsync(stop);
            _taken = true;
        }

        public void Count() => share.Count();

        public void Dispose()
        {
            if (_taken) share._free.Release();
            _taken = false;
        }
    }
}
