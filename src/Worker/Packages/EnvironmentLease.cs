using CodeExec.Shared.Jobs;

namespace CodeExec.Worker.Packages;

/// <summary>The right to use an environment: while it is held, no process evicts the environment. Dispose when the job's code has ended.</summary>
public sealed class EnvironmentLease : IDisposable
{
    private readonly FileStream _manifest;

    internal EnvironmentLease(PackageEnvironment environment, FileStream manifest)
    {
        Environment = environment;
        _manifest = manifest;
    }

    /// <summary>The environment.</summary>
    public PackageEnvironment Environment { get; }

    /// <summary>How the job came by it.</summary>
    public PackagesCache Cache { get; init; }

    /// <summary>The same lease, come by in another way.</summary>
    internal EnvironmentLease As(PackagesCache cache) => new(Environment, _manifest) { Cache = cache };

    /// <inheritdoc/>
    public void Dispose() => _manifest.Dispose();
}
