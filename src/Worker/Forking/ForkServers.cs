using CodeExec.Shared.Jobs;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Forking;

/// <summary>
/// The fork servers of this process: one for each environment in use, and one more for the base where programs import packages from it.
/// None is waited for: a job whose server isn't ready runs in a fresh interpreter, and the server starts afterwards. Least recently used
/// ones end when memory is short; one that is lost, old or grown is replaced. Any thread.
/// </summary>
public sealed partial class ForkServers : IAsyncDisposable
{
    private const int MostPrewarmed = 4;
    private const int MostRemembered = 200;
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(30);

    // All children of a server hash strings alike, and whatever leaks adds up.
    private const int MostJobs = 10_000;
    private const double MostGrowth = 1.5;
    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestIdle = TimeSpan.FromMinutes(15);

    private readonly PackageEnvironments _environments;
    private readonly Func<string> _workDirectory;
    private readonly SandboxPlan _plan;
    private readonly ExecutionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ForkServers> _log;
    private readonly ITimer _check;
    private readonly SemaphoreSlim _oneStart = new(1);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<ServerKey, WarmServer> _servers = [];
    private readonly Dictionary<ServerKey, StartMemory> _starts = [];
    private readonly HashSet<Task> _background = [];
    private bool _open;

    /// <summary>Puts the parts together; starts nothing before <see cref="Open"/>.</summary>
    public ForkServers(PackageEnvironments environments, Func<string> workDirectory, SandboxPlan plan, ExecutionOptions options, TimeProvider time, ILogger<ForkServers> log)
    {
        (_environments, _workDirectory, _plan, _options, _time, _log) = (environments, workDirectory, plan, options, time, log);
        _check = time.CreateTimer(_ => Check(), null, CheckEvery, CheckEvery);
    }

    /// <summary>Which server: the environment's key, and whether it imports packages ahead.</summary>
    private readonly record struct ServerKey(string Environment, bool Importing);

    /// <summary>Lets servers be started from now on. A process that runs a single job never gets here: it would only pay.</summary>
    public void Open()
    {
        lock (_lock) _open = _options.ForkServer;
    }

    /// <summary>Starts a job's Python from a warm interpreter; null when there is none for it.</summary>
    /// <param name="environment">Its packages.</param>
    /// <param name="job">What to run.</param>
    /// <param name="workspace">Its folder, with the program in it.</param>
    internal IChild? TryRun(PackageEnvironment environment, ExecutionJob job, Workspace workspace)
    {
        WarmServer? warm;
        lock (_lock)
        {
            _servers.TryGetValue(new ServerKey(environment.Key, Importing: true), out var importing);
            _servers.TryGetValue(new ServerKey(environment.Key, Importing: false), out var plain);
            warm = importing is not null && (plain is null || ImportedNames.In(job.Code, environment.StandardModules).Overlaps(importing.Imports)) ? importing : plain;
            if (warm is null) return null;
            warm.LastUsed = _time.GetTimestamp();
        }
        var limits = job.Limits is null ? null : RunLimits.For(_options, job.Limits);
        return warm.Server.TryRun(new ForkedJob(workspace, limits, workspace.DomainFor(_plan, environment), _plan.Code));
    }

    /// <summary>Starts the servers of the environments that calls ask for most, as far as their imports are known. Throws only when cancelled.</summary>
    public async Task PrewarmAsync(CancellationToken cancel)
    {
        try
        {
            foreach (var environment in await _environments.MostWantedInPlaceAsync(MostPrewarmed, cancel))
                if (ImportsNote.Read(environment) is { Count: > 0 } names) await EnsureAsync(environment, names, isBase: false).WaitAsync(cancel);
        }
        catch (RunnerException)
        {
            // Without an interpreter there is nothing to warm; the first job says so.
        }
    }

    /// <summary>Learns from a job that ended well, and sees to it that the next of its kind finds a server.</summary>
    /// <param name="environment">Its packages.</param>
    /// <param name="code">The program.</param>
    /// <param name="isBase">Whether it named no packages.</param>
    internal void Learn(PackageEnvironment environment, string code, bool isBase)
    {
        lock (_lock) if (!_open) return;
        _ = EnsureAsync(environment, ImportedNames.In(code, environment.StandardModules), isBase);
    }

    /// <summary>Starts the server of an environment where it is missing; done when it is ready, or can't be. Never throws.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="names">What it shall import ahead, beside what it imports already.</param>
    /// <param name="isBase">Whether programs that import nothing of it use it, too.</param>
    internal Task EnsureAsync(PackageEnvironment environment, IReadOnlySet<string> names, bool isBase)
    {
        lock (_lock)
        {
            if (!_open) return Task.CompletedTask;
            var starts = new List<Task>(2);
            var importing = new ServerKey(environment.Key, Importing: true);
            var plain = new ServerKey(environment.Key, Importing: false);
            var known = _servers.GetValueOrDefault(importing)?.Imports;
            // "from a import b" may name anything, and a server is started anew for each name it doesn't know.
            var promising = MemoryOf(importing).Promising(names);
            if (promising.Count > 0 && known?.IsSupersetOf(promising) != true)
                starts.Add(StartBehind(importing, environment, ImportedNames.Newest(promising, known), isBase: false, full: known?.Union(promising, StringComparer.Ordinal).Count() > ImportedNames.Most));
            if ((isBase || (promising.Count == 0 && known is null)) && !_servers.ContainsKey(plain)) starts.Add(StartBehind(plain, environment, [], isBase));
            return Task.WhenAll(starts);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] background;
        lock (_lock)
        {
            _open = false;
            background = [.. _background];
        }
        await _end.CancelAsync();
        await _check.DisposeAsync();
        // One that waits for a job which the kernel holds is left to it.
        await Task.WhenAll(background).WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var warm in _servers.Values) await warm.DisposeAsync();
        _oneStart.Dispose();
        _end.Dispose();
    }

    // Under the lock.
    private Task StartBehind(ServerKey key, PackageEnvironment environment, HashSet<string> imports, bool isBase, bool full = false)
    {
        var memory = MemoryOf(key);
        if (!memory.IsDue(full)) return Task.CompletedTask;
        memory.Begin();
        return Behind(() => StartAsync(key, environment, imports, isBase));
    }

    // Under the lock.
    private StartMemory MemoryOf(ServerKey key)
    {
        if (_starts.TryGetValue(key, out var known)) return known;
        if (_starts.Count == MostRemembered) _starts.Remove(_starts.MinBy(pair => pair.Value.LastStart ?? 0).Key);
        return _starts[key] = new StartMemory(_time);
    }

    private Task Behind(Func<Task> work)
    {
        var task = Task.Run(work);
        _background.Add(task);
        _ = task.ContinueWith(
            done =>
            {
                lock (_lock) _background.Remove(done);
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }

    private async Task StartAsync(ServerKey key, PackageEnvironment environment, HashSet<string> imports, bool isBase)
    {
        try
        {
            // One after the other: what runs meanwhile needs the cores. An import that hangs holds up the others until it is given up, which
            // can be borne, since each further try of it waits for longer (StartMemory).
            await _oneStart.WaitAsync(_end.Token);
            try
            {
                if (_environments.TryLease(environment) is not { } lease) return;
                WarmServer? started = null;
                started = await WarmServer.StartAsync(lease, imports, isBase, _workDirectory(), _plan, _options, _time, reason => Lost(key, environment, started, reason), _end.Token);
                WarmServer? replaced;
                lock (_lock)
                {
                    MemoryOf(key).Succeed(imports, started.Imports);
                    _servers.Remove(key, out replaced);
                    _servers[key] = started;
                }
                ImportsNote.Write(environment, started.Imports);
                LogStarted(key.Environment, started.Server.Pid, started.BytesAtStart / 1024 / 1024, string.Join(", ", started.Imports));
                if (replaced is not null) Retire(replaced);
                MakeRoom(key);
                // Who heard of it before it had a place here could not take it away.
                if (started.Server.IsLost) Lost(key, environment, started, "it ended as soon as it was ready");
            }
            finally
            {
                _oneStart.Release();
            }
        }
        catch (Exception fault) when (fault is ForkServerLostException or IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            // Jobs run in fresh interpreters meanwhile, or from the server that should have been replaced.
            lock (_lock) MemoryOf(key).Fail(imports, _servers.GetValueOrDefault(key)?.Imports, LongestLife);
            LogNotStarted(key.Environment, fault.Message);
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private void Lost(ServerKey key, PackageEnvironment environment, WarmServer? server, string reason)
    {
        lock (_lock)
        {
            if (!_open || server is null || _servers.GetValueOrDefault(key) != server) return;
            _servers.Remove(key);
            LogLost(key.Environment, server.Server.Pid, reason);
            Retire(server);
            _ = StartBehind(key, environment, [.. server.Imports], server.IsBase);
        }
    }

    private void Retire(WarmServer warm)
    {
        lock (_lock)
        {
            _ = Behind(async () =>
            {
                await warm.Server.RetireAsync();
                await warm.DisposeAsync();
            });
        }
    }

    // The base's own stays: it serves the calls that name no packages, and is small.
    private void MakeRoom(ServerKey newest)
    {
        lock (_lock)
        {
            var total = _servers.Values.Sum(warm => warm.BytesAtStart);
            foreach (var (key, warm) in _servers.Where(pair => pair.Key.Importing || !pair.Value.IsBase).OrderBy(pair => pair.Key == newest).ThenBy(pair => pair.Value.LastUsed).ToList())
            {
                if (total <= _options.ForkServerBytes) return;
                _servers.Remove(key);
                total -= warm.BytesAtStart;
                LogEnded(key.Environment, warm.BytesAtStart / 1024 / 1024, _options.ForkServerBytes / 1024 / 1024);
                Retire(warm);
            }
        }
    }

    private void Check()
    {
        lock (_lock)
        {
            foreach (var (key, warm) in _servers.ToList())
            {
                var idle = _time.GetElapsedTime(warm.LastUsed) > LongestIdle;
                if (idle && (key.Importing || !warm.IsBase))
                {
                    _servers.Remove(key);
                    Retire(warm);
                }
                else if (warm.Server.Jobs >= MostJobs || _time.GetElapsedTime(warm.StartedAt) > LongestLife || warm.Bytes > warm.BytesAtStart * MostGrowth)
                    _ = StartBehind(key, warm.Environment, [.. warm.Imports], warm.IsBase);
            }
        }
    }

    [LoggerMessage(420, LogLevel.Debug, "Fork server {Pid} of environment {Environment} is ready: {Megabytes} MB, imports [{Imports}]")]
    private partial void LogStarted(string environment, int pid, long megabytes, string imports);

    [LoggerMessage(421, LogLevel.Warning, "The fork server of environment {Environment} could not be started; its jobs run in fresh interpreters. {Reason}")]
    private partial void LogNotStarted(string environment, string reason);

    [LoggerMessage(422, LogLevel.Warning, "Fork server {Pid} of environment {Environment} was lost: {Reason}. Another is started; no job is lost")]
    private partial void LogLost(string environment, int pid, string reason);

    [LoggerMessage(423, LogLevel.Debug, "The fork server of environment {Environment} ({Megabytes} MB) was ended: all of them may hold {Limit} MB")]
    private partial void LogEnded(string environment, long megabytes, long limit);
}
