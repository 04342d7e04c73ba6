using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>What a program can see and do is promised for both ways to run it; a class of such tests has an heir for each.</summary>
public abstract class ExecutionTests(bool forked)
{
    /// <summary>Whether programs are forked from a warm interpreter.</summary>
    protected bool Forked => forked;

    /// <summary>A service that runs programs in that way.</summary>
    private protected async Task<TestService> ServiceAsync(
        Func<ExecutionOptions, ExecutionOptions>? execution = null, Func<PackageOptions, PackageOptions>? packages = null, TimeProvider? time = null, SandboxMode sandbox = SandboxMode.Auto)
    {
        var service = new TestService(options => (execution?.Invoke(options) ?? options) with { ForkServer = forked }, packages, time, sandbox: new SandboxOptions { Mode = sandbox });
        if (forked) await service.Local.PrepareAsync(CancellationToken.None);
        return service;
    }
}
