using System.Diagnostics;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Forking;

/// <summary>A fork server on a host that gives it no more processes costs its callers the start of an interpreter, and no more.</summary>
public sealed class RefusedForkTests
{
    [Fact]
    public async Task A_job_that_its_server_can_not_fork_for_is_started_anew_at_once()
    {
        // Of root's own processes the kernel refuses none.
        if (!Environment.IsPrivilegedProcess) return;
        await using var service = new TestService();
        await service.Local.PrepareAsync(CancellationToken.None);
        var server = service.ForkServers.Single();
        var user = $"{service.Local.Sandbox.Code.Id}";
        using (var limit = Process.Start("setpriv", [$"--reuid={user}", $"--regid={user}", "--clear-groups", "prlimit", $"--pid={server}", "--nproc=1:1"]))
        {
            await limit.WaitForExitAsync().Within();
            Assert.Equal(0, limit.ExitCode);
        }
        foreach (var pid in service.WaitingChildren) ProcessTable.Kill(pid);
        await Eventually.HoldsAsync(() => service.WaitingChildren.Count == 0, "an end of those that waited");

        // The quickest of some: others use this machine, too. One that waits for the end of its pipes takes a second longer than it must.
        var quickest = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var started = Stopwatch.GetTimestamp();
            Assert.Equal($"{Environment.ProcessId}\n", (await service.RunAsync("import os\nprint(os.getppid())")).Stdout);
            var taken = Stopwatch.GetElapsedTime(started);
            if (taken < quickest) quickest = taken;
        }
        Assert.InRange(quickest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(5, service.Logs.Lines.Count(line => line.Contains("The fork server could not fork", StringComparison.Ordinal)));
    }
}
