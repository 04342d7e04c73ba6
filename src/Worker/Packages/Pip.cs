using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Runs pip. The one place that knows how that is done; whoever wants something of pip says only what (<see cref="PipCommand"/>). A warm pip
/// is used when it is there and free, else a Python is started for the command. Any thread.
/// </summary>
internal sealed partial class Pip(PackageOptions options, SandboxPlan plan, TimeProvider time, ILogger<Pip> log) : IDisposable
{
    // Many a client asks for one set and no other; a warm pip holds 45 MB.
    private const int CallsUntilWarm = 2;
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly OwnedFolderOnDemand _requests = new(Path.Combine(options.CacheDirectory, "warm-pip"), plan.Builder);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task _starting = Task.CompletedTask;
    private WarmPip? _idle;
    private bool _busy;
    private int _calls;

    /// <summary>Sees to it that there is a warm pip soon. Returns at once.</summary>
    public void WarmUp(PythonInterpreter interpreter)
    {
        lock (_lock)
        {
            if (_busy || _idle is { Lives: true } || !_starting.IsCompleted || _stop.IsCancellationRequested || interpreter.PipVersion is null) return;
            _idle?.Dispose();
            _idle = null;
            _starting = StartAsync(interpreter);
        }
    }

    /// <summary>Runs one command to its end. When this returns or throws, pip is gone.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="output">Gets every line.</param>
    /// <param name="progress">Told each line as it may be shown.</param>
    /// <param name="cancel">Ends pip.</param>
    /// <exception cref="InstallFailedException">pip couldn't.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task RunAsync(PipCommand command, PipOutput output, Action<string> progress, CancellationToken cancel)
    {
        void Tell(string line)
        {
            if (output.Add(line) is { Length: > 0 } shown) progress(shown);
        }

        if (command.Writable.Contains(PipCommand.SharedCache(options))) FolderTree.Create(PipCommand.SharedCache(options));
        foreach (var folder in command.Writable) plan.Builder.Give(folder);
        await using var watch = new PipWatch(command.Writable.Except([PipCommand.SharedCache(options)], StringComparer.Ordinal), options.CacheMaxBytes, time, cancel);
        var exit = await RunAsync(command, Tell, watch);
        if (Interlocked.Increment(ref _calls) >= CallsUntilWarm) WarmUp(command.Interpreter);
        if (exit.ReturnCode != 0) throw new InstallFailedException(exit.ReturnCode, output.UsefulText(), output.Hint(command.Interpreter, command.BuildsPackages));
    }

    /// <summary>Ends the warm pip.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _starting.Wait(EndLimit);
        TryTake()?.Dispose();
        _requests.Dispose();
        _stop.Dispose();
    }

    private async Task<ChildExit> RunAsync(PipCommand command, Action<string> line, PipWatch watch)
    {
        try
        {
            // What builds packages starts processes that only the end of a session of their own takes down.
            return !command.BuildsPackages && TryTake() is { } warm
                ? await RunAsync(warm, command, line, watch.Token)
                : await StreamedCommand.RunAsync(command.InItsOwnPython(plan), line, time, watch.Token);
        }
        catch (OperationCanceledException) when (watch.Excess is { } excess)
        {
            throw new InstallFailedException(ExecutionResult.KilledReturnCode, excess, PipOutput.TooLargeHint);
        }
    }

    private async Task<ChildExit> RunAsync(WarmPip warm, PipCommand command, Action<string> line, CancellationToken cancel)
    {
        try
        {
            var exit = await warm.RunAsync(command, line, cancel);
            GiveBack(warm);
            return exit;
        }
        catch
        {
            await warm.EndAsync(time);
            GiveBack(null);
            throw;
        }
    }

    private WarmPip? TryTake()
    {
        lock (_lock)
        {
            if (_idle is not { Lives: true } warm) return null;
            (_idle, _busy) = (null, true);
            return warm;
        }
    }

    private void GiveBack(WarmPip? warm)
    {
        lock (_lock) (_idle, _busy) = (warm, false);
    }

    // Never throws: without a warm pip everything works, only slower.
    private async Task StartAsync(PythonInterpreter interpreter)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            // It runs no package's code. Its commands' folders aren't there yet.
            string[] writable = [Path.Combine(options.CacheDirectory, EnvironmentBuilder.FolderName), PipCommand.SharedCache(options)];
            foreach (var folder in writable) FolderTree.Create(folder);
            plan.Builder.Give(writable[^1]);
            GiveBack(await WarmPip.StartAsync(interpreter, _requests.Path, plan.Builder, plan.ForBuild(interpreter, [_requests.Path], writable), _stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The service ends.
        }
        catch (Exception fault)
        {
            LogNotWarm(fault.Message);
        }
    }

    [LoggerMessage(416, LogLevel.Warning, "pip could not be kept warm, so each new set of packages takes half a second longer: {Reason}")]
    private partial void LogNotWarm(string reason);
}
