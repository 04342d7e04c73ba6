using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>How a worker lets go of its jobs: with a result, or as one that it has not started. Any thread.</summary>
internal sealed partial class RedisJobEnd(RedisConnection redis, RedisGiving giving, QueueOptions options, string worker, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(1);

    /// <summary>Stores and announces a job's end; tried until it is through or the lease is surely over, when the job is closed by somebody else.</summary>
    /// <param name="delivery">The job.</param>
    /// <param name="last">What is told of it.</param>
    /// <param name="takesNext">Whether a job that waits is to be given to this worker with the same trip.</param>
    /// <returns>Whether Redis knows that it is over here, announced or not, and the next jobs.</returns>
    public async Task<(bool IsSettled, IReadOnlyList<GivenJob> Next)> FinishAsync(RedisDelivery delivery, JobEvent last, bool takesNext)
    {
        if (delivery.IsGivenAway)
        {
            LogLate(delivery.Job.Id);
            return (true, []);
        }
        var started = time.GetTimestamp();
        while (true)
        {
            var asked = time.GetTimestamp();
            try
            {
                var answer = (RedisResult[])(await redis.RunAsync(
                    RedisScript.Finish,
                    [.. giving.Keys, RedisKeys.Job(delivery.Job.Id), RedisKeys.Result(delivery.Job.Id), RedisKeys.Handed, RedisKeys.Unanswered(worker)],
                    [
                        .. giving.Arguments(takesNext ? 1 : 0), delivery.Job.Id, JobJson.Write(delivery.Job.Id, last), RedisKeys.Reply(delivery.Web),
                        (long)options.ResultTtl.TotalMilliseconds, delivery.Entry, delivery.IsSent,
                    ]))!;
                if ((int)answer[0] == 0) LogLate(delivery.Job.Id);
                return (true, GivenJob.FromAnswer(answer[1], asked));
            }
            catch (RedisUnavailableException) when (time.GetElapsedTime(started) < options.ResultTtl)
            {
                // What it may have taken is handed back, and what comes now is no matter of this job's.
                takesNext = false;
                await Task.Delay(RetryEvery, time);
            }
            catch (RedisUnavailableException fault)
            {
                LogUnannounced(fault, delivery.Job.Id);
                return (false, []);
            }
        }
    }

    /// <summary>Hands back a job whose code it has not started.</summary>
    public async Task ReleaseAsync(string job, string entry)
    {
        try
        {
            await redis.RunAsync(RedisScript.Release, [RedisKeys.Leases, RedisKeys.Job(job), RedisKeys.Handed, RedisKeys.Jobs], worker, job, entry, RedisKeys.Group);
        }
        catch (RedisUnavailableException)
        {
            // Then its lease runs out, with the same end a little later.
        }
    }

    [LoggerMessage(522, LogLevel.Warning, "job={Job} ended too late: it was closed or given to another worker meanwhile, so its result changes nothing")]
    private partial void LogLate(string job);

    [LoggerMessage(523, LogLevel.Error, "job={Job}: its result could not be stored for as long as it would be kept")]
    private partial void LogUnannounced(Exception fault, string job);
}
