using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// Background jobs in the queue: they belong to no web process, so any of them answers for them, and none is missed when it goes. Any thread.
/// </summary>
/// <remarks>
/// To workers such a job is one of a web process that has its id for a name: a sign of life is written once, for as long as the job can take, and
/// nobody listens to its events. Its end is found where results are stored.
/// </remarks>
internal sealed class RedisBackgroundJobs(RedisConnection redis, RedisQueueTail tail, QueueOptions options, TimeProvider time) : IBackgroundJobs
{
    // Nothing announces the end to whoever waits for it here: it is looked for, more and more seldom.
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task StartAsync(ExecutionJob job, string caller, CancellationToken cancel)
    {
        try
        {
            await tail.AddAsync(job, job.Id, options.LongestLife);
            // After it, so that refused jobs leave nothing behind; nobody can ask for the job before this returns.
            var life = options.LongestLife + options.ResultTtl;
            await redis.CommandAsync("SET", (RedisKey)RedisKeys.Background(job.Id), caller, "PX", (long)life.TotalMilliseconds);
        }
        catch (RedisUnavailableException fault)
        {
            // It may have got in all the same.
            _ = tail.CancelUntilHeardAsync(job.Id);
            throw RedisQueueTail.Refused(fault);
        }
    }

    /// <inheritdoc/>
    public async Task<BackgroundJob?> FindAsync(string id, string caller, TimeSpan patience, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        var pause = FirstLook;
        try
        {
            if (!await IsOfAsync(id, caller)) return null;
            while (true)
            {
                // The end may come between the two looks; then the result is there at the second one.
                var found = await EndAsync(id) ?? await StateAsync(id) ?? await EndAsync(id);
                if (found is null or { State: BackgroundState.Ended } || time.GetElapsedTime(started) >= patience) return found;
                await Task.Delay(pause, time, cancel);
                if (pause < LongestPause) pause *= 1.5;
            }
        }
        catch (RedisUnavailableException fault)
        {
            throw Unreachable(fault);
        }
    }

    /// <inheritdoc/>
    public async Task CancelAsync(string id, string caller, CancellationToken cancel)
    {
        try
        {
            if (await IsOfAsync(id, caller)) await tail.CancelAsync(id);
        }
        catch (RedisUnavailableException fault)
        {
            throw Unreachable(fault);
        }
    }

    private async Task<bool> IsOfAsync(string id, string caller) => (string?)await redis.CommandAsync("GET", (RedisKey)RedisKeys.Background(id)) == caller;

    private async Task<BackgroundJob?> EndAsync(string id)
    {
        var stored = await redis.CommandAsync("GET", (RedisKey)RedisKeys.Result(id));
        if (stored.IsNull) return null;
        return JobJson.ReadEvent((byte[])stored!).Event switch
        {
            JobFinished finished => new BackgroundJob(BackgroundState.Ended, finished.Result),
            JobFailed failed => new BackgroundJob(BackgroundState.Ended, Fault: failed.Message),
            _ => null,
        };
    }

    private async Task<BackgroundJob?> StateAsync(string id) => (string?)await redis.CommandAsync("HGET", (RedisKey)RedisKeys.Job(id), "state") switch
    {
        null => null,
        "queued" or "handed" => new BackgroundJob(BackgroundState.Waiting),
        _ => new BackgroundJob(BackgroundState.Running),
    };

    private static RunnerException Unreachable(RedisUnavailableException fault) =>
        new("The service's queue can't be reached at the moment, so the job could not be looked for. Ask again in a few seconds.", fault);
}
