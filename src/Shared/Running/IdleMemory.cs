namespace CodeExec.Shared.Running;

/// <summary>
/// Gives memory back to the host when a process that was busy has become quiet. The collector runs when something is allocated: without calls
/// it keeps for ever what it needed in the busiest moment, and on a dyno that is missing from the memory for jobs. Any thread.
/// </summary>
public sealed class IdleMemory : IAsyncDisposable
{
    /// <summary>How often it looks.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Who allocates fewer bytes between two looks is quiet: ten calls take more, signs of life a tenth of it.</summary>
    internal const long QuietBytes = 1 << 20;

    /// <summary>Bytes after which there may be something to give back. A caller who comes now and then isn't held up each time.</summary>
    internal const long BusyBytes = 16 << 20;

    /// <summary>
    /// How often it then collects, a look apart. Buffers in .NET's shared pools go with a collection, one or two of a kind each, when they have
    /// not been used for a minute: after 24 programs that printed without end, a web process went from 101 MB to 141, and was back after 60 to 90 s.
    /// </summary>
    internal const int Collections = 12;

    private readonly CancellationTokenSource _stop = new();
    private readonly Func<long> _allocated;
    private readonly Action _giveBack;
    private readonly Task _watching;

    /// <summary>Begins to watch this process.</summary>
    /// <param name="time">The clock.</param>
    public IdleMemory(TimeProvider time)
        : this(time, () => GC.GetTotalAllocatedBytes(), () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true))
    {
    }

    /// <summary>The same of any process.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="allocated">Bytes that it has allocated since its start.</param>
    /// <param name="giveBack">Gives back what is unused.</param>
    internal IdleMemory(TimeProvider time, Func<long> allocated, Action giveBack)
    {
        (_allocated, _giveBack) = (allocated, giveBack);
        _watching = WatchAsync(time);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private async Task WatchAsync(TimeProvider time)
    {
        var (counted, before, left) = (0L, _allocated(), 0);
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, _stop.Token);
                var now = _allocated();
                if (now - counted >= BusyBytes) (counted, left) = (now, Collections);
                if (left > 0 && now - before < QuietBytes)
                {
                    _giveBack();
                    left--;
                }
                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the process.
        }
    }
}
