using System.Globalization;
using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>An interpreter that was started before its call came: the call gets it, nobody can tell, and it is no burden where it isn't used.</summary>
public sealed class WaitingInterpreterTests(BothWays ways) : IClassFixture<BothWays>
{
    private const string WhoRuns = "import os; print(os.getpid())";

    public static TheoryData<string, string> Programs => LikePythonTests.Programs;

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task A_program_in_it_does_what_a_fresh_one_does(string file, string program)
    {
        var code = ProgramCorpus.Code(file, program);
        Assert.Equal(await ways.FreshAsync(code), await ways.AheadAsync(code));
    }

    [Fact]
    public async Task The_first_call_gets_it_and_the_next_starts_its_own()
    {
        await using var service = await StartedAsync();
        var waiting = Assert.Single(service.JobProcesses);

        Assert.Equal(waiting, await PidAsync(service));
        Assert.NotEqual(waiting, await PidAsync(service));
    }

    [Fact]
    public async Task A_call_with_lower_limits_starts_its_own_and_the_waiting_one_ends()
    {
        await using var service = await StartedAsync();
        var waiting = Assert.Single(service.JobProcesses);

        var run = await service.Start(Jobs.Python(WhoRuns) with { Limits = new JobLimits { MemoryMb = 64 } }).Finished;

        Assert.NotEqual(waiting, int.Parse(run.Stdout, CultureInfo.InvariantCulture));
        await Eventually.HoldsAsync(() => !ProcessTable.Exists(waiting), "an end of the one that waited");
    }

    [Fact]
    public async Task One_whose_folder_was_reached_by_other_code_is_not_used()
    {
        await using var service = await StartedAsync();
        var waiting = Assert.Single(service.JobProcesses);
        var home = Assert.Single(Directory.GetDirectories(service.WorkDirectory, "home", SearchOption.AllDirectories));
        File.WriteAllText(Path.Combine(home, "os.py"), "raise SystemExit('other code')");

        Assert.NotEqual(waiting, await PidAsync(service));
    }

    [Fact]
    public async Task One_that_was_killed_while_it_waited_costs_its_call_nothing()
    {
        await using var service = await StartedAsync();
        var waiting = Assert.Single(service.JobProcesses);
        ProcessTable.Kill(waiting);
        await Eventually.HoldsAsync(() => !ProcessTable.Exists(waiting), "its end");

        Assert.NotEqual(waiting, await PidAsync(service));
    }

    [Fact]
    public async Task One_that_no_call_came_for_ends_and_leaves_nothing()
    {
        await using var service = await StartedAsync();
        Assert.Single(service.JobProcesses);

        service.Local.Executor.EndAhead();

        await Eventually.HoldsAsync(() => service.JobProcesses.Count == 0, "its end");
        Assert.Empty(service.JobFolders);
        await PidAsync(service);
    }

    [Fact]
    public async Task It_ends_with_the_service_that_started_it()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: false);
        await Eventually.HoldsAsync(() => ProcessTable.Within(folder["work"]).Any(pid => !ProcessTable.IsForkServer(pid)), "an interpreter that waits");

        ProcessTable.Kill(worker.Id);

        await Eventually.HoldsAsync(() => ProcessTable.Within(folder["work"]).Count == 0, "an end of all");
    }

    private static async Task<TestService> StartedAsync()
    {
        var service = new TestService(options => options with { ForkServer = false });
        await service.Local.StartAheadAsync(CancellationToken.None);
        return service;
    }

    private static async Task<int> PidAsync(TestService service) => int.Parse((await service.RunAsync(WhoRuns)).Stdout, CultureInfo.InvariantCulture);
}
