using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Takes jobs for one worker, one take at a time: woken by a message, by a job's end, or by a slow poll when a message got lost. Whoever
/// wakes it sends the take itself, since a change of threads costs as much as the take. Any thread; <see cref="RunAsync"/> is called once.
/// </summary>
/// <remarks>
/// A take whose answer is lost leaves jobs that Redis holds for this worker's and that it knows nothing of. Takes are numbered, so that those
/// jobs can be told from the ones whose answer is still on its way, and are handed back: before the next take, and with each renewal of
/// the leases, because a take that was given up may reach Redis long afterwards.
/// </remarks>
internal sealed partial class RedisTakeLoop(
    RedisConnection redis, QueueOptions options, string worker, Func<int> freeSlots, Func<IEnumerable<string>> heldEntries, Action<TakenJob> begin,
    TimeProvider time, ILogger log)
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    // Few at a time, so that one worker with many free slots doesn't take a burst that others could share.
    private const int MostAtOnce = 2;

    // id, entry, job, web, state.
    private const int Parts = 5;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _stop;
    private int _wakes;
    private int _passedOver;
    private long _takes;
    private long _settled;
    private volatile bool _answerLost;

    /// <summary>Takes until it is told to stop.</summary>
    /// <returns>Done when no take is under way any more, nor ever will be.</returns>
    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        redis.Restored += Wake;
        await redis.SubscribeAsync(RedisKeys.Wake, _ => Wake());
        await redis.SubscribeAsync(RedisKeys.LaneWake(worker), _ => Wake());
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

    /// <summary>Hands back what lost answers of takes left with this worker.</summary>
    /// <exception cref="RedisUnavailableException">No answer in time.</exception>
    public async Task HandBackAsync()
    {
        // First the number, then the entries: whatever a take with an end has brought is among them, or has ended.
        var settled = Volatile.Read(ref _settled);
        var returned = (int)await redis.RunAsync(
            RedisScript.HandBack, [RedisKeys.Jobs, RedisKeys.Leases], [RedisKeys.Group, worker, settled, RedisKeys.JobPrefix, .. heldEntries().Select(entry => (RedisValue)entry)]);
        if (returned > 0) LogHandedBack(returned);
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
            if (_answerLost && !_stop.IsCancellationRequested)
            {
                await HandBackAsync();
                _answerLost = false;
            }
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

        var number = ++_takes;
        var asked = time.GetTimestamp();
        try
        {
            var taken = (RedisResult[])(await redis.RunAsync(
                RedisScript.Take, [RedisKeys.Jobs, RedisKeys.Leases, RedisKeys.Worker(worker), RedisKeys.Lane(worker), RedisKeys.Handed],
                RedisKeys.Group, worker, most, (long)options.Lease.TotalMilliseconds, RedisKeys.JobPrefix, RedisKeys.WebPrefix,
                (long)options.SecondLook.TotalMilliseconds, number))!;
            for (var i = 0; i + Parts <= taken.Length; i += Parts)
                begin(new TakenJob((string)taken[i]!, (string)taken[i + 1]!, (byte[])taken[i + 2]!, (string)taken[i + 3]!, (string?)taken[i + 4] == "started", asked));
            // Fewer than asked for: the queue is empty, and whoever fills it sends a wake-up.
            return taken.Length == most * Parts;
        }
        catch (RedisUnavailableException)
        {
            _answerLost = true;
            throw;
        }
        finally
        {
            Volatile.Write(ref _settled, number);
        }
    }

    [LoggerMessage(526, LogLevel.Warning, "{Jobs} jobs were handed back: they had been given to this worker by a take whose answer got lost")]
    private partial void LogHandedBack(int jobs);
}

/// <summary>A job as a take's answer tells it.</summary>
/// <param name="Id">The job.</param>
/// <param name="Entry">Its place in the stream.</param>
/// <param name="Json">The job itself.</param>
/// <param name="Web">The web process that waits for it.</param>
/// <param name="IsMarked">Whether the take marked it as started.</param>
/// <param name="Asked">When the take was sent (a time stamp of the clock).</param>
internal sealed record TakenJob(string Id, string Entry, byte[] Json, string Web, bool IsMarked, long Asked);
