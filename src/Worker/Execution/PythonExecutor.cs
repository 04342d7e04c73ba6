using System.Diagnostics;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
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
/// The ending is told last: when <see cref="JobFinished"/> is out, the process group has been killed and reaped and its files are gone.
/// </remarks>
public sealed partial class PythonExecutor(
    PackageEnvironments environments, ForkServers forkServers, JobWatchdog watchdog, Func<string> workDirectory, ExecutionOptions options, TimeProvider time, ILogger<PythonExecutor> log)
    : IJobRunner
{
    // What is in a pipe at the end of its process is read in milliseconds, on a busy host in tens of them.
    private static readonly TimeSpan PipeEndLimit = TimeSpan.FromSeconds(1);

    private readonly Workspaces _workspaces = new(workDirectory, options.Concurrency, path => LogLeftBehind(log, path));

    /// <inheritdoc/>
    public IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop) => RunAsync(job, stop, () => Task.CompletedTask);

    /// <summary>Runs one job to its end, if it may start.</summary>
    /// <param name="job">What to run.</param>
    /// <param name="stop">Ends the run early, with its reason.</param>
    /// <param name="beforeStart">Awaited when all is ready and the code would start next; what it throws ends the run.</param>
    public async IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart)
    {
        var events = new JobEventLog();
        var run = RunToEndAsync(job, stop, beforeStart, events);
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
            // A consumer that left before the end: nobody waits, but the job must end in order all the same.
            if (!finished) stop.Request(StopReason.ClientGone);
            await run;
        }
    }

    // Never throws: a fault reaches the consumer through the events.
    private async Task RunToEndAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart, JobEventLog events)
    {
        // Off the caller's thread: the consumer must get its first event while the rest is still being prepared.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            events.Add(new JobFinished(await InstallAndRunAsync(job, stop, beforeStart, events)));
            events.Complete();
        }
        catch (Exception fault)
        {
            events.Complete(fault);
        }
    }

    private async Task<ExecutionResult> InstallAndRunAsync(ExecutionJob job, JobStop stop, Func<Task> beforeStart, JobEventLog events)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var packages = await environments.AcquireAsync(job.Packages, line => events.Add(new PackagesInstalling(line)), stop.Token);
            var installTime = job.Packages.Count == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(started);
            var result = await RunCodeAsync(job, packages.Environment, stop, beforeStart, events) with { InstallTime = installTime, PackagesCache = packages.Cache };
            return result with { Hint = result.Hint ?? ResultHint.For(result, job, RunLimits.For(options, job.Limits)) };
        }
        catch (InstallFailedException failure)
        {
            return new ExecutionResult
            {
                ReturnCode = failure.ReturnCode,
                Stdout = "",
                Stderr = failure.Message,
                Status = ExecutionStatus.InstallFailed,
                InstallTime = Stopwatch.GetElapsedTime(started),
                PackagesCache = PackagesCache.Miss,
                Hint = failure.Hint,
            };
        }
        catch (OperationCanceledException) when (stop.Reason is not null)
        {
            return new ExecutionResult
            {
                ReturnCode = ExecutionResult.KilledReturnCode,
                Stdout = "",
                Stderr = "",
                Status = ExecutionStatus.Cancelled,
                InstallTime = Stopwatch.GetElapsedTime(started),
            };
        }
    }

    private async Task<ExecutionResult> RunCodeAsync(ExecutionJob job, PackageEnvironment environment, JobStop stop, Func<Task> beforeStart, JobEventLog events)
    {
        // Side by side: the permission is a round trip to Redis when there is a queue.
        var permission = beforeStart();
        Workspace? workspace = null;
        try
        {
            workspace = _workspaces.Open(job.Code);
            await permission;
            stop.Token.ThrowIfCancellationRequested();
            events.Add(new JobStarted());
            var result = await RunProgramAsync(job, environment, workspace, stop, events);
            forkServers.Learn(environment, result.Status is ExecutionStatus.Ok ? job.Code : "", job.Packages.Count == 0);
            return result;
        }
        finally
        {
            await permission.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (workspace is not null) _workspaces.Close(workspace);
        }
    }

    private async Task<ExecutionResult> RunProgramAsync(ExecutionJob job, PackageEnvironment environment, Workspace workspace, JobStop stop, JobEventLog events)
    {
        var limits = RunLimits.For(options, job.Limits);
        try
        {
            if (forkServers.TryRun(environment, job, workspace) is { } forked) return await FollowAsync(forked, job, workspace, limits, stop, events);
        }
        catch (ForkServerLostException lost)
        {
            LogStartedAnew(job.Id, lost.Message);
        }
        var command = new ChildCommand(environment.Python, ["main.py"], CodeEnvironment.ForCode(workspace, environment.BinDirectory), workspace.Home)
        {
            Confinement = new Confinement(environment.Interpreter) { Limits = [.. ProcessLimits.Inherited(limits), .. ProcessLimits.Own(limits)] },
        };
        return await FollowAsync(ChildProcess.Start(command), job, workspace, limits, stop, events);
    }

    private async Task<ExecutionResult> FollowAsync(IChild started, ExecutionJob job, Workspace workspace, RunLimits limits, JobStop stop, JobEventLog events)
    {
        using var child = started;
        var startedAt = Stopwatch.GetTimestamp();
        var printed = new PrintedBytes(limits.PrintedBytes);
        var stdout = new OutputReader(child.Stdout, OutputStream.Stdout, options.MaxOutputBytes, events, printed);
        var stderr = new OutputReader(child.Stderr!, OutputStream.Stderr, options.MaxOutputBytes, events, printed);
        using var stopReading = new CancellationTokenSource();
        var reading = Task.WhenAll(stdout.ReadAsync(stopReading.Token), stderr.ReadAsync(stopReading.Token));

        using var watched = watchdog.Watch(child, workspace.Root, limits);
        var (ending, gone) = await ChildWatch.WaitAsync(child, limits.RunTime, options.KillGrace, printed.Exceeded, watched.Passed, stop, time);
        var duration = Stopwatch.GetElapsedTime(startedAt);
        if (!gone) LogUnkillable(job.Id, child.Pid);

        // The group is gone, so the pipes end now, unless a process that left the group holds them: it isn't waited for.
        stopReading.CancelAfter(PipeEndLimit);
        await reading;
        return Result(ending, gone ? (await child.Exited).ReturnCode : ExecutionResult.KilledReturnCode, stdout.Kept, stderr.Kept, ending is ChildEnding.PassedLimit ? await watched.Passed : null) with { Duration = duration };
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

    [LoggerMessage(401, LogLevel.Error, "job={Job} child={Pid} is still there after SIGKILL: the kernel holds it, most often for a disk or network share that hangs")]
    private partial void LogUnkillable(string job, int pid);
}
