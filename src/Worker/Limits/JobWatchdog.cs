using CodeExec.Shared.Settings;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Limits;

/// <summary>
/// Looks at the jobs of this process every few moments, and asks for the end of those that use more than they may; when the host itself runs
/// out of memory, for the end of the one that holds most. A job that ends within one period is never looked at. Any thread.
/// </summary>
/// <remarks>
/// One timer for the looks, which never overlap: <c>_lookLock</c> is held for the whole look, <c>_lock</c> for the list of jobs alone. Another lets jobs step
/// back (<see cref="JobPriority"/>), sooner than a look is worth its cost.
/// </remarks>
public sealed partial class JobWatchdog : IDisposable
{
    /// <summary>The unit of /proc/PID/stat: USER_HZ, which is 100 on every architecture that .NET runs on.</summary>
    internal const int TicksPerSecond = 100;

    // A gigabyte is taken apart in 0.1 s, on a busy host in several times that.
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(3);

    private readonly LimitOptions _options;
    private readonly SharedMemory _sharedMemory;
    private readonly TimeProvider _time;
    private readonly ILogger<JobWatchdog> _log;
    private readonly PeriodicTick _looks, _steps;
    private readonly ProcessSnapshot _snapshot = new();
    private readonly HostMemory _host;
    private readonly Lock _lookLock = new();
    private readonly Lock _lock = new();
    private readonly List<WatchedJob> _jobs = [];

    /// <summary>Watches nothing yet.</summary>
    /// <param name="options">The limits of the host and of each job.</param>
    /// <param name="sharedMemory">Where jobs have memory that counts for none of them; it gets as much as one job.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of what the host is short of.</param>
    public JobWatchdog(LimitOptions options, SharedMemory sharedMemory, TimeProvider time, ILogger<JobWatchdog> log)
    {
        (_options, _sharedMemory, _time, _log, _host) = (options, sharedMemory, time, log, new HostMemory(options));
        _looks = new PeriodicTick(time, options.CheckEvery, Tick);
        _steps = new PeriodicTick(time, JobPriority.StepsBackAfter, StepBack);
    }

    /// <summary>A timestamp of its clock.</summary>
    internal long Now => _time.GetTimestamp();

    /// <summary>Begins to watch a job; dispose what it returns at the job's end.</summary>
    /// <param name="child">Its first process.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="limits">What it may use.</param>
    internal WatchedJob Watch(IChild child, string folder, RunLimits limits)
    {
        var job = new WatchedJob(this, child, folder, limits, _time.GetTimestamp());
        lock (_lock)
        {
            _jobs.Add(job);
            _looks.Set(isWanted: true);
            _steps.Set(isWanted: true);
        }
        return job;
    }

    /// <summary>A job has ended.</summary>
    internal void Forget(WatchedJob job)
    {
        lock (_lock) _jobs.Remove(job);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _looks.Dispose();
        _steps.Dispose();
    }

    private void StepBack()
    {
        lock (_lock)
        {
            var waiting = _jobs.FindAll(job => !job.HasSteppedBack);
            if (waiting.Count == 0) _steps.Set(isWanted: false);
            foreach (var job in waiting)
                if (_time.GetElapsedTime(job.StartedAt) >= JobPriority.StepsBackAfter) job.StepBack();
        }
    }

    private void Tick()
    {
        if (!_lookLock.TryEnter()) return;
        try
        {
            List<WatchedJob> due;
            lock (_lock)
            {
                if (_jobs.Count == 0) _looks.Set(isWanted: false);
                due = [.. _jobs.Where(job => !job.IsOver && _time.GetElapsedTime(job.StartedAt) >= _options.CheckEvery)];
            }
            if (due.Count > 0) Look(due);
        }
        catch (Exception fault)
        {
            // Above all it must go on.
            LogLookFailed(fault);
        }
        finally
        {
            _lookLock.Exit();
        }
    }

    private void Look(List<WatchedJob> due)
    {
        var byLeader = new Dictionary<int, WatchedJob>(due.Count);
        foreach (var job in due)
        {
            job.Begin();
            if (job.Leader is > 0 and var leader) byLeader[leader] = job;
        }
        _snapshot.Take(byLeader.Keys.ToHashSet(), (leader, process) => byLeader[leader].Add(process));
        foreach (var job in due) job.Judge();
        if (_sharedMemory.Bound(_options.MemoryBytes) is > 0 and var removed) LogSharedMemory(removed / 1024 / 1024, _options.MemoryBytes / 1024 / 1024);
        if (_host.Excess() is { } used) EndLargest(due, used);
    }

    private void EndLargest(List<WatchedJob> due, long hostUsed)
    {
        // One whose end is under way gives its memory back next, unless the kernel holds it.
        lock (_lock)
            if (_jobs.Exists(job => job.IsOver && _time.GetElapsedTime(job.EndedAt) < EndTime)) return;
        var largest = due.Select(job => (Job: job, Bytes: job.MeasureMemory())).MaxBy(measured => measured.Bytes);
        if (largest.Bytes < LimitOptions.LeastMemoryBytes) return;
        LogHostMemory(largest.Job.Leader, largest.Bytes / 1024 / 1024, hostUsed / 1024 / 1024, _options.HostMemoryBytes / 1024 / 1024);
        largest.Job.End(Limits.Excess.HostMemory(largest.Bytes, hostUsed, _options.HostMemoryBytes));
    }

    [LoggerMessage(440, LogLevel.Error, "The running jobs could not be looked at; they are looked at again in a moment")]
    private partial void LogLookFailed(Exception fault);

    [LoggerMessage(441, LogLevel.Warning, "child={Pid} is ended: it holds {Megabytes} MB, the most of all jobs, and {Used} of the host's {Limit} MB are in use. A lower MEMORY_LIMIT_MB, or WORKER_CONCURRENCY with it, leaves more room")]
    private partial void LogHostMemory(int pid, long megabytes, long used, long limit);

    [LoggerMessage(442, LogLevel.Warning, "{Megabytes} MB of files in /dev/shm are removed while jobs run: nobody had them open, and together they may take {Limit} MB, as much as one job (MEMORY_LIMIT_MB)")]
    private partial void LogSharedMemory(long megabytes, long limit);
}
