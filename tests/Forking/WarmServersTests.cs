using System.Globalization;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Forking;

/// <summary>When there is a fork server, for what, and what it has imported.</summary>
public sealed class WarmServersTests
{
    private const string TellParent = "import os; print(os.getppid())";

    [Fact]
    public async Task The_second_job_of_a_package_set_is_forked_with_the_packages_imported()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrepareAsync(CancellationToken.None);
        const string Code = "import os, sys\nprint(os.getppid(), 'kettle' in sys.modules)\nimport kettle";

        Assert.Equal($"{Environment.ProcessId} False\n", (await service.RunAsync(Code, "kettle")).Stdout);
        await Eventually.HoldsAsync(() => service.Logs.Lines.Any(line => line.Contains("imports [kettle]", StringComparison.Ordinal)), "a server that imports kettle");

        var second = (await service.RunAsync(Code, "kettle")).Stdout.Split();
        Assert.Equal("True", second[1]);
        Assert.Contains(int.Parse(second[0], CultureInfo.InvariantCulture), service.ForkServers);
    }

    [Fact]
    public async Task What_a_failed_program_imports_is_not_learned()
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrepareAsync(CancellationToken.None);
        await service.RunAsync("import kettle\nraise ValueError", "kettle");
        await Eventually.HoldsAsync(() => service.ForkServers.Count == 2, "a server of the packages");
        Assert.DoesNotContain(service.Logs.Lines, line => line.Contains("imports [kettle]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Jobs_are_forked_from_the_base_as_soon_as_the_service_is_prepared()
    {
        await using var service = new TestService();
        await service.Local.PrepareAsync(CancellationToken.None);
        Assert.Equal($"{Assert.Single(service.ForkServers)}\n", (await service.RunAsync(TellParent)).Stdout);
    }

    [Fact]
    public async Task FORK_SERVER_off_starts_none()
    {
        await using var service = new TestService(options => options with { ForkServer = false });
        await service.Local.PrepareAsync(CancellationToken.None);
        for (var i = 0; i < 3; i++) Assert.Equal($"{Environment.ProcessId}\n", (await service.RunAsync(TellParent)).Stdout);
        Assert.Empty(service.ForkServers);
    }

    [Fact]
    public async Task A_service_that_was_not_prepared_starts_none()
    {
        await using var service = new TestService();
        for (var i = 0; i < 3; i++) Assert.Equal($"{Environment.ProcessId}\n", (await service.RunAsync(TellParent)).Stdout);
        Assert.Empty(service.ForkServers);
    }
}
