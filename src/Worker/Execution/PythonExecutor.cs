using System.ComponentModel;
using System.Diagnostics;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Forking;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Execution;

/// <summary>
/// Runs one job from start to end: packages, private folder, an interpreter, its output, its ending. Any thread, many at once; the
/// bound on how many is <see cref="BoundedRunner"/>'s.
/// </summary>
/// <remarks>
/// <see cref="JobFinished"/> is told when the program has ended and all that it printed has been read. Its process group may take a moment
/// longer to be killed and reaped and its files to be gone (0.3 to 0.5 ms, most of it the kernel taking the memory apart): the events end,
/// and the job's slot is free, only then.
/// </remarks>
public sealed partial class PythonExecutor(
    PackageEnvironments environments, ForkServers forkServers, JobWatchdog watchdog, SharedMemory sharedMemory, Func<string> workDirectory, SandboxPlan plan, ExecutionOptions options,
    TimeProvider time, ILogger<PythonExecutor> log)
{
    // What is in a pipe at the end of its process is read in milliseconds, on a busy host in tens of them.
    private static readonly TimeSpan PipeEndLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(1);

    private WaitingInterpreter? _waiting;

    private readonly Workspaces _workspaces = new(workDirectory, () => plan.Code, options.Concurrency, path => LogLeftBehind(log, path));

    /// <summary>Runs one job to its end, if it may start. A listener that has what it came for may leave after the result.</summary>
    /// <param name="job">What to run.</param>
    /// <param name="stop">Ends the run early, with its reason.</param>
    /// <param name="beforeStart">Awaited when all is ready and the code would start next; what it throws ends the run.</param>
    /// <param name="gone">Called once when nothing of the job is left; not at all if nobody listens to its events.</param>
    public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart, Action gone)
    {
        var events = new JobEventLog();
        var run = RunToEndAsync(job, stop, beforeStart, gone, events);
        var finished = false;
        try
        {
            await foreach (var happened in events.ReadAllAsync())
            {
                finished = happened is JobFinished;
                yield return happened;
            }
        }
        finally
        {
            // A listener that left before the result: nobody waits, but the job must end in order all the same.
            if (!finished)
            {
                stop.Request(StopReason.ClientGone);
                await run;
            }
        }
    }

    /// <summary>Starts an interpreter for a call that may come at once; nothing happens where none can be started.</summary>
    /// <param name="environment">What the call is likely to want.</param>
    public void StartAhead(PackageEnvironment environment)
    {
        Workspace? workspace = null;
        try
        {
            workspace = _workspaces.OpenEmpty();
            Discard(Interlocked.Exchange(ref _waiting, WaitingInterpreter.Start(environment, workspace, RunLimits.For(options, null), plan)));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or Win32Exception)
        {
            // The same happens to the call, which has a caller to tell.
            if (workspace is not null) _workspaces.Close(workspace);
        }
    }

    /// <summary>Ends what was started ahead, if no call has come for it.</summary>
    public void EndAhead() => Discard(Interlocked.Exchange(ref _waiting, null));

    private WaitingInterpreter? TakeWaiting(PackageEnvironment environment, RunLimits limits, string code)
    {
        var waiting = Interlocked.Exchange(ref _waiting, null);
        if (waiting?.TryPlace(code, environment, limits) == true) return waiting;
        Discard(waiting);
        return null;
    }

    private void Discard(WaitingInterpreter? waiting)
    {
        if (waiting is null) return;
        waiting.Dispose();
        _workspaces.Close(waiting.Workspace);
    }

    // Never throws: a fault reaches the consumer through the events.
    private async Task RunToEndAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart, Action gone, JobEventLog events)
    {
        // Off the caller's thread: the consumer must get its first event while the rest is still being prepared.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? failure = null;
        try
        {
            await InstallAndRunAsync(job, stop, beforeStart, events);
        }
        catch (Exception fault)
        {
            failure = fault;
        }
        gone();
        events.Complete(failure);
    }

    private async Task InstallAndRunAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart, JobEventLog events)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var packages = await environments.AcquireAsync(job.Packages, line => events.Add(new PackagesInstalling(line)), stop.Token);
            var installTime = job.Packages.Count == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(started);
            await RunCodeAsync(job, packages.Environment, stop, beforeStart, events, result =>
            {
                result = result with { InstallTime = installTime, PackagesCache = packages.Cache };
                var refused = RefusedStart.Of(result);
                if (refused is not null) LogRefusedStart(job.Id, refused);
                var hint = refused is null ? result.Hint ?? ResultHint.For(result, job, RunLimits.For(options, job.Limits)) : RefusedStart.Hint(job);
                events.Add(new JobFinished(result with { Hint = hint }));
            });
        }
        catch (InstallFailedException failure)
        {
            events.Add(new JobFinished(new ExecutionResult
            {
                ReturnCode = failure.ReturnCode,
                Stdout = "",
                Stderr = failure.Message,
                Status = ExecutionStatus.InstallFailed,
                InstallTime = Stopwatch.GetElapsedTime(started),
                PackagesCache = PackagesCache.Miss,
                Hint = failure.Hint,
            }));
        }
        catch (OperationCanceledException) when (stop.Reason is not null)
        {
            events.Add(new JobFinished(new ExecutionResult
            {
                ReturnCode = ExecutionResult.KilledReturnCode,
                Stdout = "",
                Stderr = "",
                Status = ExecutionStatus.Cancelled,
                InstallTime = Stopwatch.GetElapsedTime(started),
            }));
        }
    }

    private async Task RunCodeAsync(
        ExecutionJob job, PackageEnvironment environment, JobStop stop, Func<Task> beforeStart, JobEventLog events, Action<ExecutionResult> tell)
    {
        // Side by side: the permission is a round trip to Redis when there is a queue.
        var permission = beforeStart();
        var limits = RunLimits.For(options, job.Limits);
        Workspace? workspace = null;
        var memory = sharedMemory.Started();
        var waiting = TakeWaiting(environment, limits, job.Code);
        try
        {
            workspace = waiting?.Workspace ?? _workspaces.Open(job.Code);
            await permission;
            stop.Token.ThrowIfCancellationRequested();
            events.Add(new JobStarted());
            var result = waiting?.TryRelease() is { } released
                ? await FollowAsync(released, job, workspace, limits, stop, events, tell)
                : await RunProgramAsync(job, environment, workspace, limits, stop, events, tell);
            forkServers.Learn(environment, result.Status is ExecutionStatus.Ok ? job.Code : "", job.Packages.Count == 0);
        }
        finally
        {
            await permission.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            waiting?.Dispose();
            if (workspace is not null) await _workspaces.CloseAsync(workspace);
            sharedMemory.Ended(memory);
        }
    }

    private async Task<ExecutionResult> RunProgramAsync(
        ExecutionJob job, PackageEnvironment environment, Workspace workspace, RunLimits limits, JobStop stop, JobEventLog events, Action<ExecutionResult> tell)
    {
        try
        {
            if (forkServers.TryRun(environment, job, workspace) is { } forked) return await FollowAsync(forked, job, workspace, limits, stop, events, tell);
        }
        catch (ForkServerLostException lost)
        {
            LogStartedAnew(job.Id, lost.Message);
        }
        return await FollowAsync(ChildProcess.Start(JobCommand.For(environment, workspace, limits, plan)), job, workspace, limits, stop, events, tell);
    }

    private async Task<ExecutionResult> FollowAsync(
        IChild started, ExecutionJob job, Workspace workspace, RunLimits limits, JobStop stop, JobEventLog events, Action<ExecutionResult> tell)
    {
        using var child = started;
        workspace.MayBeInUse = true;
        var startedAt = Stopwatch.GetTimestamp();
        var printed = new PrintedBytes(limits.PrintedBytes);
        var stdout = new OutputReader(child.Stdout, OutputStream.Stdout, options.MaxOutputBytes, events, printed);
        var stderr = new OutputReader(child.Stderr!, OutputStream.Stderr, options.MaxOutputBytes, events, printed);
        using var stopReading = new CancellationTokenSource();
        var reading = Task.WhenAll(stdout.ReadAsync(stopReading.Token), stderr.ReadAsync(stopReading.Token));

        var ended = child.ProgramEndAsync(reading);
        using var watched = watchdog.Watch(child, workspace.Root, limits);
        var (ending, gone) = await ChildWatch.WaitAsync(child, ended, limits.RunTime, options.KillGrace, printed.Exceeded, watched.Passed, stop, time);
        var duration = Stopwatch.GetElapsedTime(startedAt);
        if (!gone) LogUnkillable(job.Id, child.Pid);

        if (ended.IsFaulted)
        {
            // Handed back: what would print stands in the server's socket still, and with it the pipes.
            await stopReading.CancelAsync();
            await reading;
            await ended;
        }

        // The group is gone, so the pipes end now, unless a process that left the group holds them: it isn't waited for.
        stopReading.CancelAfter(PipeEndLimit);
        await reading;
        var returnCode = gone ? (await ended).ReturnCode : ExecutionResult.KilledReturnCode;
        var result = Result(ending, returnCode, stdout.Kept, stderr.Kept, ending is ChildEnding.PassedLimit ? await watched.Passed : null) with { Duration = duration };
        tell(result);

        // A program may say that it ends, and stay. How long the kernel needs is told by no other clock than the system's.
        var left = gone && await child.EndedWithinAsync(LeaveLimit, TimeProvider.System);
        if (gone && !left && !await child.StopAsync(TimeSpan.Zero, TimeProvider.System)) LogUnkillable(job.Id, child.Pid);
        workspace.MayBeInUse = !left || (await child.Exited).LeftSomething;
        return result;
    }

    private static ExecutionResult Result(ChildEnding ending, int returnCode, BoundedOutput stdout, BoundedOutput stderr, Excess? excess)
    {
        var (stdoutText, stderrText) = (stdout.ToText(), stderr.ToText());
        return new ExecutionResult
        {
            ReturnCode = ending switch
            {
                ChildEnding.Exited => returnCode,
                ChildEnding.TimedOut => ExecutionResult.TimeoutReturnCode,
                _ => ExecutionResult.KilledReturnCode,
            },
            Status = ending switch
            {
                ChildEnding.Exited => returnCode switch { 0 => ExecutionStatus.Ok, ProcessLimits.OutOfCpuTime => ExecutionStatus.CpuLimit, _ => ExecutionStatus.Error },
                ChildEnding.TimedOut => ExecutionStatus.Timeout,
                ChildEnding.PrintedTooMuch => ExecutionStatus.OutputLimit,
                ChildEnding.PassedLimit => excess!.Status,
                _ => ExecutionStatus.Cancelled,
            },
            Stdout = stdoutText,
            Stderr = stderrText,
            Hint = excess?.Text,
            Truncated = stdout.Omitted + stderr.Omitted == 0 ? null : new OutputTruncation(stdout.Total, stdout.Omitted, stderr.Total, stderr.Omitted),
        };
    }

    [LoggerMessage(400, LogLevel.Error, "The folder {Path} was left behind: it could not be removed. The next start of this service tries again")]
    private static partial void LogLeftBehind(ILogger log, string path);

    [LoggerMessage(402, LogLevel.Information, "job={Job} is started in a fresh interpreter: {Reason}")]
    private partial void LogStartedAnew(string job, string reason);

    [LoggerMessage(444, LogLevel.Error, "job={Job} was not started; its client was given this id as its reference. {Reason}")]
    private partial void LogRefusedStart(string job, string reason);

    [LoggerMessage(401, LogLevel.Error, "job={Job} child={Pid} is still there after SIGKILL: the kernel holds it, most often for a disk or network share that hangs")]
    private partial void LogUnkillable(string job, int pid);
}
