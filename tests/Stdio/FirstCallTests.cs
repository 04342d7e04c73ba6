using CodeExec.Tests.Support;

namespace CodeExec.Tests.Stdio;

/// <summary>A process that is started for one call spends its cores on that call.</summary>
public sealed class FirstCallTests
{
    [Fact]
    public async Task A_fork_server_that_shall_wait_starts_after_the_first_call_and_takes_the_next()
    {
        var time = new ManualTime();
        await using var service = new TestService(options => options with { ForkServer = true }, time: time);
        var preparing = service.Local.PrepareAsync(CancellationToken.None, TimeSpan.FromSeconds(1));
        Assert.Equal("4\n", (await service.RunAsync("print(2+2)")).Stdout);
        Assert.DoesNotContain(ProcessTable.Within(service.Folder.Path), ProcessTable.IsForkServer);
        await time.PassAsync(TimeSpan.FromSeconds(1));
        await preparing.Within();
        Assert.Contains(ProcessTable.Within(service.Folder.Path), ProcessTable.IsForkServer);
        Assert.Equal("4\n", (await service.RunAsync("print(2+2)")).Stdout);
    }

    [Fact]
    public async Task A_session_that_ends_first_starts_no_fork_server()
    {
        var time = new ManualTime();
        await using var service = new TestService(options => options with { ForkServer = true }, time: time);
        using var ended = new CancellationTokenSource();
        var preparing = service.Local.PrepareAsync(ended.Token, TimeSpan.FromSeconds(1));
        await ended.CancelAsync();
        await preparing.Within();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("4\n", (await service.RunAsync("print(2+2)")).Stdout);
        Assert.DoesNotContain(ProcessTable.Within(service.Folder.Path), ProcessTable.IsForkServer);
    }
}
