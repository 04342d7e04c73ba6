using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CodeExec.Shared.Engines.Redis;

/// <summary>
/// What comes back to this web process: one channel for all its jobs, and the stored results of those whose last event got lost. Keeps a
/// sign of life in Redis, so that workers don't run code for a process that is gone. Any thread.
/// </summary>
/// <remarks>
/// Duties, all of one loop: renew the sign of life; delete results that have arrived; every second, and at once after a reconnect, look for
/// results of jobs that have been silent for a while; give up on jobs that Redis no longer knows.
/// </remarks>
internal sealed partial class RedisReplies : IAsyncDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(1);

    // Looked for with one trip.
    private const int ChecksAtOnce = 200;

    private readonly RedisConnection _redis;
    private readonly RedisQueueTail _tail;
    private readonly QueueOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisReplies> _log;
    private readonly RedisHeardResults _heard;
    private readonly ConcurrentDictionary<string, RedisSentJob> _waiting = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _checkNow = new(0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lazy<Task> _listening;
    private Task _loop = Task.CompletedTask;

    public RedisReplies(RedisConnection redis, RedisQueueTail tail, QueueOptions options, TimeProvider time, ILogger<RedisReplies> log)
    {
        (_redis, _tail, _options, _time, _log) = (redis, tail, options, time, log);
        _heard = new RedisHeardResults(redis, time);
        _listening = new Lazy<Task>(ListenAsync);
        redis.Restored += () => _checkNow.Release();
    }

    /// <summary>This process's name, new at each start.</summary>
    public string Web { get; } = RandomNumberGenerator.GetHexString(12, lowercase: true);

    /// <summary>Jobs that are waited for.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Subscribes and begins its duties, once; later calls wait for the same.</summary>
    public Task EnsureListeningAsync() => _listening.Value;

    /// <summary>Begins to wait for a job's events.</summary>
    public RedisSentJob Expect(string jobId)
    {
        var sent = new RedisSentJob(jobId, _tail, _time.GetTimestamp(), job => _waiting.TryRemove(job, out _));
        _waiting[jobId] = sent;
        return sent;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            // At once rather than when they expire: workers stop what they run for this process.
            await _redis.CommandAsync("DEL", (RedisKey)RedisKeys.Web(Web));
            await _heard.ForgetAllAsync();
        }
        catch (RedisUnavailableException)
        {
            // Then they expire.
        }
        _end.Dispose();
    }

    private async Task ListenAsync()
    {
        await _redis.SubscribeAsync(RedisKeys.Reply(Web), Receive);
        _loop = LoopAsync();
    }

    private void Receive(byte[] message)
    {
        try
        {
            var (jobId, happened) = JobJson.ReadEvent(message);
            if (_waiting.TryGetValue(jobId, out var sent)) sent.Add(happened, _time.GetTimestamp());
            // That of a lost worker stays: it is also what tells a worker that was frozen that the job is closed.
            if (happened is JobFailed or JobFinished { Result.Status: not ExecutionStatus.WorkerLost }) _heard.Add(jobId);
        }
        catch (JsonException fault)
        {
            LogUnreadable(fault.Message);
        }
    }

    private async Task LoopAsync()
    {
        var renewed = _time.GetTimestamp();
        while (!_end.IsCancellationRequested)
        {
            try
            {
                await WaitAsync();
                if (_time.GetElapsedTime(renewed) >= _options.RenewEvery)
                {
                    renewed = _time.GetTimestamp();
                    await ShowLifeAsync();
                }
                await _heard.ForgetAsync();
                foreach (var silent in _waiting.Values.Where(sent => _time.GetElapsedTime(sent.LastHeard) >= CheckEvery).Chunk(ChecksAtOnce))
                    await Task.WhenAll(silent.Select(CheckAsync));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (RedisUnavailableException)
            {
                // The connection's own log lines tell; whoever waits goes on waiting.
            }
        }
    }

    private async Task WaitAsync()
    {
        using var tick = new CancellationTokenSource(CheckEvery, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tick.Token, _end.Token);
        try
        {
            await _checkNow.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!_end.IsCancellationRequested)
        {
            // The tick.
        }
    }

    // By the script that a full Redis runs, too: jobs whose web process shows none are stopped.
    private Task<RedisResult> ShowLifeAsync() =>
        _redis.RunAsync(RedisScript.Alive, [RedisKeys.Web(Web)], Web, 1, (long)_options.Lease.TotalMilliseconds, RedisKeys.WarmPrefix);

    private async Task CheckAsync(RedisSentJob sent)
    {
        var asked = _redis.CommandAsync("GET", (RedisKey)RedisKeys.Result(sent.JobId));
        var state = (string?)await _redis.CommandAsync("HGET", (RedisKey)RedisKeys.Job(sent.JobId), "state");
        var result = await asked;
        if (!result.IsNull)
        {
            Receive((byte[])result!);
            return;
        }
        // Between a flush and the worker's next renewal a running job is unknown for a moment.
        if (state is not null) sent.MissingSince = null;
        else if (sent.MissingSince is not { } since) sent.MissingSince = _time.GetTimestamp();
        else if (_time.GetElapsedTime(since) > _options.Lease) sent.GiveUp();
        // What a worker said of it was lost, and so was what it was given, if it is no longer held soon after.
        if (state is "taken" or "started" && !sent.IsHeard && _time.GetElapsedTime(sent.LastHeard) > BelievedAfter) sent.Add(new JobTaken(), _time.GetTimestamp());
    }

    // A worker that doesn't have what it was given has handed it back by then.
    private TimeSpan BelievedAfter => _options.Lease < _options.QueueTimeout / 2 ? _options.Lease : _options.QueueTimeout / 2;

    [LoggerMessage(510, LogLevel.Error, "A message on the reply channel can't be read ({Reason}); its job's result is read from its key")]
    private partial void LogUnreadable(string reason);
}
