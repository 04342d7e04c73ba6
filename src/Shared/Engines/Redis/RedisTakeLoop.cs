
namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Takes jobs for one worker, one take at a time: woken by a message, by a job's end, or by a slow poll when a message got lost. Whoever
/// wakes it sends the take itself, since a change of threads costs as much as the take. Any thread; <see cref="RunAsync"/> is called once.
/// </summary>
internal sealed class RedisTakeLoop(RedisConnection redis, RedisGiving giving, Func<int> freeSlots, Action<GivenJob> begin, TimeProvider time)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    // Few at a time, so that one worker with many free slots doesn't take a burst that others could share.
    private const int MostAtOnce = 2;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _stop;
    private int _wakes;
    private int _passedOver;

    /// <summary>Takes until it is told to stop.</summary>
    /// <returns>Done when no take is under way any more, nor ever will be.</returns>
    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        redis.Restored += Wake;
        await redis.SubscribeAsync(RedisKeys.Wake, _ => Wake());
        await using var onStop = stop.Register(Wake);
        await using var poll = time.CreateTimer(_ => Wake(), null, TimeSpan.Zero, PollEvery);
        await _ended.Task;
    }

    /// <summary>Looks for jobs now. Returns at once.</summary>
    public void Wake()
    {
        // Who finds it asleep takes; the others leave word that there is reason to look again.
        if (Interlocked.Increment(ref _wakes) == 1) _ = TakeAsync();
    }

    /// <summary>Looks again if a look found no free slot: now there is one.</summary>
    public void WakeIfPassedOver()
    {
        if (Interlocked.Exchange(ref _passedOver, 0) == 1) Wake();
    }

    // Never throws. Once the stop is requested it counts as awake for ever, so that nobody takes again.
    private async Task TakeAsync()
    {
        try
        {
            var seen = 0;
            do
            {
                seen = Volatile.Read(ref _wakes);
                await TakeAllAsync();
            }
            while (!_stop.IsCancellationRequested && Interlocked.Add(ref _wakes, -seen) != 0);
            if (_stop.IsCancellationRequested) _ended.TrySetResult();
        }
        catch (Exception fault)
        {
            _ended.TrySetException(fault);
        }
    }

    private async Task TakeAllAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested && await TakeSomeAsync()) { }
        }
        catch (RedisUnavailableException)
        {
            // The connection's own log lines tell. Jobs in hand run on; the poll tries again.
        }
    }

    // Whether there may be more to take at once.
    private async Task<bool> TakeSomeAsync()
    {
        // Raised before the look: a slot that becomes free in between is seen by one side or the other.
        Interlocked.Exchange(ref _passedOver, 1);
        var most = Math.Min(freeSlots(), MostAtOnce);
        if (most <= 0) return false;
        Volatile.Write(ref _passedOver, 0);

        var asked = time.GetTimestamp();
        var taken = GivenJob.FromAnswer(await redis.RunAsync(RedisScript.Take, giving.Keys, giving.Arguments(most)), asked);
        foreach (var job in taken) begin(job);
        // Fewer than asked for: the queue is empty, or has enough of this worker's; whoever fills it sends a wake-up.
        return taken.Count == most;
    }
}
