namespace CodeExec.Worker.Packages;

/// <summary>
/// Lets a set be built once however many ask for it at the same time: the others wait for the same build and hear its progress. A build
/// goes on while anybody waits; the last one to leave cancels it and waits for its end. Any thread.
/// </summary>
internal sealed class SharedBuilds
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Build> _builds = new(StringComparer.Ordinal);

    /// <summary>Joins the build of a key, or starts it.</summary>
    /// <param name="key">What is built.</param>
    /// <param name="start">Starts it; gets where to report progress and when to end.</param>
    /// <param name="progress">Told the lines from now on.</param>
    /// <param name="cancel">Ends the caller's wait.</param>
    /// <exception cref="InstallFailedException">The build failed; everybody who waited gets this.</exception>
    public async Task JoinAsync(string key, Func<Action<string>, CancellationToken, Task> start, Action<string> progress, CancellationToken cancel)
    {
        Build build;
        lock (_lock)
        {
            if (!_builds.TryGetValue(key, out build!))
            {
                build = new Build();
                _builds[key] = build;
                build.Task = RunAsync(key, build, start);
            }
            build.Listeners.Add(progress);
        }
        try
        {
            await build.Task.WaitAsync(cancel);
        }
        finally
        {
            var last = false;
            lock (_lock)
            {
                build.Listeners.Remove(progress);
                if (build.Listeners.Count == 0 && _builds.TryGetValue(key, out var current) && current == build)
                {
                    // From here on nobody can join it, so ending it disturbs nobody.
                    _builds.Remove(key);
                    last = true;
                }
            }
            if (last)
            {
                // The caller tells its job's end next; by then pip and its folder must be gone.
                await build.Cancel.CancelAsync();
                await build.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(string key, Build build, Func<Action<string>, CancellationToken, Task> start)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await start(line => Tell(build, line), build.Cancel.Token);
        }
        finally
        {
            lock (_lock)
                if (_builds.TryGetValue(key, out var current) && current == build) _builds.Remove(key);
        }
    }

    private void Tell(Build build, string line)
    {
        Action<string>[] listeners;
        lock (_lock) listeners = [.. build.Listeners];
        foreach (var listener in listeners) listener(line);
    }

    private sealed class Build
    {
        public Task Task { get; set; } = Task.CompletedTask;

        public List<Action<string>> Listeners { get; } = [];

        public CancellationTokenSource Cancel { get; } = new();
    }
}
