using ModelContextProtocol.Protocol;

namespace CodeExec.Worker.Stdio;

/// <summary>Which requests still wait for their answer. Any thread.</summary>
internal sealed class PendingRequests
{
    private readonly Lock _lock = new();
    private readonly HashSet<RequestId> _open = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A request came in.</summary>
    public void Asked(RequestId id)
    {
        lock (_lock) _open.Add(id);
    }

    /// <summary>Its answer went out, or none will.</summary>
    public void Answered(RequestId id)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (!_open.Remove(id)) return;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    /// <summary>Waits for one request's answer.</summary>
    public Task AnsweredAsync(RequestId id, CancellationToken cancel) => WaitAsync(() => !_open.Contains(id), cancel);

    /// <summary>Waits for the answer of every request.</summary>
    public Task AllAnsweredAsync(CancellationToken cancel) => WaitAsync(() => _open.Count == 0, cancel);

    private async Task WaitAsync(Func<bool> holds, CancellationToken cancel)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (holds()) return;
                changed = _changed.Task;
            }
            await changed.WaitAsync(cancel);
        }
    }
}
