using CodeExec.Worker.Limits;

namespace CodeExec.Worker.Packages;

/// <summary>Looks now and then at what a pip writes and ends it when that is too much: what it fetches is counted only when it is there.</summary>
internal sealed class PipWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly IReadOnlyList<FolderMeter> _meters;
    private readonly long _mostBytes;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _end;
    private readonly Task _watching;

    /// <summary>Begins.</summary>
    /// <param name="folders">What it writes; each may take as much, since pip fetches into one folder and copies into another.</param>
    /// <param name="mostBytes">The limit.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends pip for other reasons.</param>
    public PipWatch(IEnumerable<string> folders, long mostBytes, TimeProvider time, CancellationToken cancel)
    {
        (_meters, _mostBytes, _time) = ([.. folders.Select(folder => new FolderMeter(folder))], mostBytes, time);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _watching = WatchAsync();
    }

    /// <summary>Ends pip, for whatever reason.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>Why this ended it; null when it didn't.</summary>
    public string? Excess { get; private set; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        foreach (var meter in _meters) meter.Dispose();
        _end.Dispose();
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Every, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
            {
                if (_meters.Any(IsFull))
                {
                    await _end.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // pip has ended.
        }
    }

    private bool IsFull(FolderMeter meter)
    {
        meter.GoOn(() => meter.Bytes > _mostBytes);
        if (meter.Bytes <= _mostBytes) return false;
        const double Megabyte = 1024 * 1024;
        Excess = FormattableString.Invariant($"Installing the packages was ended: pip had written {meter.Bytes / Megabyte:0.0} MB, and the packages of one call may take {_mostBytes / Megabyte:0.0} MB.");
        return true;
    }
}
