using System.Text;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Builds environments aside, in a folder of this process, and puts them in place whole: a failed or interrupted build is never seen by
/// anyone. Any thread; <see cref="SharedBuilds"/> sees to it that a set is built once.
/// </summary>
internal sealed partial class EnvironmentBuilder(PackageOptions options, EnvironmentStore store, TimeProvider time, ILogger<EnvironmentBuilder> log) : IDisposable
{
    private readonly OwnedFolderOnDemand _aside = new(Path.Combine(options.CacheDirectory, "building"));

    /// <summary>Where this process builds, on the store's file system.</summary>
    public string Aside => _aside.Path;

    /// <summary>Makes the environment without packages; takes a few file operations.</summary>
    public void BuildPlain(PackageEnvironment environment, PythonInterpreter interpreter)
    {
        using var build = new BuildFolder(Aside);
        (environment with { Root = build.Environment }).CreateSkeleton(interpreter, interpreter.OwnSitePackages);
        store.Publish(build.Environment, environment, []);
    }

    /// <summary>Installs a set with pip.</summary>
    /// <param name="environment">Its place.</param>
    /// <param name="requirements">The set.</param>
    /// <param name="interpreter">What it stands on.</param>
    /// <param name="behind">The environment whose packages are visible behind its own; null for none.</param>
    /// <param name="progress">Told each line that pip prints.</param>
    /// <param name="cancel">Ends pip.</param>
    /// <exception cref="InstallFailedException">pip couldn't, or not in time.</exception>
    public async Task BuildAsync(
        PackageEnvironment environment, IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, PackageEnvironment? behind,
        Action<string> progress, CancellationToken cancel)
    {
        if (interpreter.PipVersion is null)
            throw new RunnerException("Packages can't be installed: this service's Python has no pip. Call without \"packages\"; the operator can install it (Debian and Ubuntu: apt-get install python3-pip).");
        using var build = new BuildFolder(Aside);
        var aside = environment with { Root = build.Environment };
        aside.CreateSkeleton(interpreter, [.. behind is null ? [] : new[] { behind.SitePackages }, .. interpreter.OwnSitePackages]);
        await RunPipAsync(PipCommand.Install(interpreter, requirements, aside.SitePackages, build.Scratch, options), interpreter, progress, cancel);
        ConsoleScripts.Adopt(aside, interpreter.Path, environment.Python);
        store.Publish(build.Environment, environment, requirements);
        LogBuilt(environment.Key, string.Join(", ", requirements));
    }

    /// <inheritdoc/>
    public void Dispose() => _aside.Dispose();

    private async Task RunPipAsync(ChildCommand command, PythonInterpreter interpreter, Action<string> progress, CancellationToken cancel)
    {
        var output = new PipOutput();
        using var limit = new CancellationTokenSource(options.InstallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        using var pip = ChildProcess.Start(command);
        try
        {
            using var reader = new StreamReader(pip.Stdout, Encoding.UTF8);
            while (await reader.ReadLineAsync(either.Token) is { } line)
                if (output.Add(line) is { Length: > 0 } shown) progress(shown);
            var exit = await pip.Exited.WaitAsync(either.Token);
            if (exit.ReturnCode != 0) throw new InstallFailedException(exit.ReturnCode, output.UsefulText(), output.Hint(interpreter));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new InstallFailedException(
                ExecutionResult.TimeoutReturnCode,
                $"Installing the packages took longer than {options.InstallTimeout.TotalSeconds:0} s, the limit. The last pip said:\n{output.UsefulText()}",
                output.Hint(interpreter) ?? "Ask for fewer or smaller packages in one call, or call again: what was downloaded is kept.");
        }
        finally
        {
            await pip.StopAsync(TimeSpan.Zero, time);
        }
    }

    [LoggerMessage(411, LogLevel.Information, "Package environment {Key} was built: {Requirements}")]
    private partial void LogBuilt(string key, string requirements);

    /// <summary>The folder of one build; gone when disposed, whatever happened.</summary>
    private sealed class BuildFolder : IDisposable
    {
        private readonly string _root;

        public BuildFolder(string parent)
        {
            _root = Path.Combine(parent, JobId.Create());
            FolderTree.Create(Environment);
            FolderTree.Create(Scratch);
        }

        public string Environment => Path.Combine(_root, "environment");

        public string Scratch => Path.Combine(_root, "scratch");

        public void Dispose() => FolderTree.Remove(_root);
    }
}
