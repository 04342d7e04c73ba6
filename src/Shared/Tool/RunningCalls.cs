using System.Collections.Concurrent;
using CodeExec.Shared.Jobs;
using ModelContextProtocol.Protocol;

namespace CodeExec.Shared.Tool;

/// <summary>
/// The calls under way, by session and request id, so that a client's <c>notifications/cancelled</c> finds the job it means even when
/// it arrives on another connection. Any thread.
/// </summary>
public sealed class RunningCalls
{
    private readonly ConcurrentDictionary<(string Session, RequestId Request), JobStop> _calls = new();

    /// <summary>Lists a call until the answer is disposed.</summary>
    /// <param name="session">The session; null lists nothing, since ids of different clients collide.</param>
    /// <param name="request">The JSON-RPC id.</param>
    /// <param name="stop">What ends the job.</param>
    public IDisposable Track(string? session, RequestId request, JobStop stop)
    {
        if (session is null || !_calls.TryAdd((session, request), stop)) return new Listing(null, default);
        return new Listing(this, (session, request));
    }

    /// <summary>Stops a call, if it still runs; otherwise nothing happens.</summary>
    public void Cancel(string session, RequestId request)
    {
        if (_calls.TryGetValue((session, request), out var stop)) stop.Request(StopReason.ClientCancelled);
    }

    private sealed class Listing(RunningCalls? calls, (string, RequestId) key) : IDisposable
    {
        public void Dispose() => calls?._calls.TryRemove(key, out _);
    }
}
