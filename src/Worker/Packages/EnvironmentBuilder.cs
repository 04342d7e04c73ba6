using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Sandbox;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Builds environments aside, in a folder of this process, and puts them in place whole: a failed or interrupted build is never seen by
/// anyone. Any thread; <see cref="SharedBuilds"/> sees to it that a set is built once.
/// </summary>
internal sealed partial class EnvironmentBuilder(PackageOptions options, SandboxPlan plan, EnvironmentStore store, Pip pip, TimeProvider time, ILogger<EnvironmentBuilder> log) : IDisposable
{
    /// <summary>The folder of all builds, in the package cache.</summary>
    public const string FolderName = "building";

    private readonly OwnedFolderOnDemand _aside = new(Path.Combine(options.CacheDirectory, FolderName), plan.Builder);
    private readonly WheelResolver _wheels = new(options, plan, pip, time);

    /// <summary>Where this process builds, on the store's file system.</summary>
    public string Aside => _aside.Path;

    /// <summary>Whether pip needn't be asked what an environment is made of.</summary>
    public bool Knows(string key) => _wheels.Knows(key);

    /// <summary>Makes the environment without packages; takes a few file operations.</summary>
    public EnvironmentLease BuildPlain(PackageEnvironment environment, PythonInterpreter interpreter)
    {
        using var build = new BuildFolder(Aside, plan.Builder);
        (environment with { Root = build.Environment }).CreateSkeleton(interpreter, interpreter.OwnSitePackages);
        return store.Publish(build.Environment, environment, [], [], 0);
    }

    /// <summary>Puts a set together from wheels; what has no wheel is installed by pip.</summary>
    /// <param name="environment">Its place.</param>
    /// <param name="requirements">The set.</param>
    /// <param name="interpreter">What it stands on.</param>
    /// <param name="behind">The environment whose packages are visible behind its own; null for none.</param>
    /// <param name="progress">Told each line that pip prints.</param>
    /// <param name="cancel">Ends pip.</param>
    /// <exception cref="InstallFailedException">pip couldn't, a wheel is refused, or it took too long.</exception>
    public async Task<EnvironmentLease> BuildAsync(
        PackageEnvironment environment, IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, PackageEnvironment? behind,
        Action<string> progress, CancellationToken cancel)
    {
        if (interpreter.PipVersion is null)
            throw new RunnerException("Packages can't be installed: this service's Python has no pip. Call without \"packages\"; the operator can install it (Debian and Ubuntu: apt-get install python3-pip).");
        using var build = new BuildFolder(Aside, plan.Builder);
        var aside = environment with { Root = build.Environment };
        aside.CreateSkeleton(interpreter, [.. behind is null ? [] : new[] { behind.SitePackages }, .. interpreter.OwnSitePackages]);
        var output = new PipOutput();
        using var limit = new CancellationTokenSource(options.InstallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            using var wheels = _wheels.TryHoldKnown(environment.Key)
                ?? await _wheels.ResolveAsync(environment.Key, requirements, interpreter, build.Scratch, output, progress, either.Token);
            var shared = 0L;
            if (wheels is null) await InstallAsync(aside, requirements, interpreter, environment.Python, build.Scratch, output, progress, either.Token);
            else shared = Place(wheels.All, requirements, aside, environment.Python, progress, either.Token);
            var lease = store.Publish(build.Environment, environment, requirements, wheels?.All ?? [], shared);
            LogBuilt(environment.Key, string.Join(", ", requirements));
            return lease;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new InstallFailedException(
                ExecutionResult.TimeoutReturnCode,
                $"Installing the packages took longer than {options.InstallTimeout.TotalSeconds:0} s, the limit. pip's last lines:\n{output.UsefulText()}",
                output.Hint(interpreter, options.AllowSourceDistributions) ?? "Ask for fewer or smaller packages in one call, or call again: what was downloaded is kept.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _aside.Dispose();

    private static long Place(
        IReadOnlyList<StoredWheel> wheels, IReadOnlyList<PackageRequirement> requirements, PackageEnvironment aside, string python, Action<string> progress, CancellationToken cancel)
    {
        var named = requirements.Select(requirement => requirement.Name).ToHashSet(StringComparer.Ordinal);
        var shared = 0L;
        // Where two wheels bring the same file, the one that was asked for wins: pip installs it last.
        foreach (var wheel in wheels.OrderByDescending(wheel => named.Contains(wheel.Project)).ThenBy(wheel => wheel.Project, StringComparer.Ordinal))
        {
            cancel.ThrowIfCancellationRequested();
            shared += WheelPlacement.Place(wheel, named.Contains(wheel.Project), aside, python);
        }
        if (wheels.Count > 0) progress($"Successfully installed {string.Join(' ', wheels.Select(wheel => $"{wheel.Project}-{wheel.Version}").Order(StringComparer.Ordinal))}");
        return shared;
    }

    private async Task InstallAsync(
        PackageEnvironment aside, IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, string python, string scratch, PipOutput output,
        Action<string> progress, CancellationToken cancel)
    {
        var home = Path.Combine(scratch, "install");
        FolderTree.Create(home);
        await pip.RunAsync(PipCommand.Install(interpreter, requirements, aside.SitePackages, home, options), output, progress, cancel);
        plan.Builder.TakeBack(aside.SitePackages);
        ConsoleScripts.Adopt(aside, interpreter.Path, python);
    }

    [LoggerMessage(411, LogLevel.Information, "Package environment {Key} was built: {Requirements}")]
    private partial void LogBuilt(string key, string requirements);

    /// <summary>The folder of one build; gone when disposed, whatever happened.</summary>
    private sealed class BuildFolder : IDisposable
    {
        private readonly string _root;

        public BuildFolder(string parent, ForeignUser builder)
        {
            _root = Path.Combine(parent, JobId.Create());
            foreach (var folder in new[] { Environment, Scratch }) FolderTree.Create(folder);
            foreach (var folder in new[] { _root, Environment, Scratch }) builder.LetThrough(folder);
        }

        public string Environment => Path.Combine(_root, "environment");

        public string Scratch => Path.Combine(_root, "scratch");

        public void Dispose() => FolderTree.Remove(_root);
    }
}
