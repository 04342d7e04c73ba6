using System.Globalization;
using CodeExec.Shared.Jobs;
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

    [Theory]
    [InlineData("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n", "An imported package runs threads.")]
    [InlineData("import os\nif '/server-' in os.getcwd(): os._exit(3)\n", "It ended before it was ready.")]
    [InlineData("import os\nif '/server-' in os.getcwd(): os.abort()\n", "It ended before it was ready.")]
    public async Task A_package_that_can_not_be_imported_ahead_runs_in_fresh_interpreters_and_the_log_says_so(string code, string reason)
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0", code: code);
        await service.Local.PrepareAsync(CancellationToken.None);
        const string Code = "import kettle, os\nprint(kettle.VERSION, os.getppid())";
        Assert.Equal($"1.0 {Environment.ProcessId}\n", (await service.RunAsync(Code, "kettle")).Stdout);
        await Eventually.HoldsAsync(() => service.Logs.Lines.Any(line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal)), "a warning");
        Assert.Equal($"1.0 {Environment.ProcessId}\n", (await service.RunAsync(Code, "kettle")).Stdout);
    }

    [Fact]
    public async Task After_a_package_that_can_not_be_imported_ahead_jobs_are_forked_without_it_and_it_is_tried_less_and_less_often()
    {
        var time = new ManualTime();
        await using var service = new TestService(time: time);
        service.Wheels.Add("kettle", "1.0", code: "import os\nif '/server-' in os.getcwd(): os._exit(3)\n");
        await service.Local.PrepareAsync(CancellationToken.None);
        await RunAndWaitAsync("a warning", () => Warnings() == 1);
        await RunAndWaitAsync("a server without the package", () => service.Logs.Lines.Count(line => line.Contains("imports []", StringComparison.Ordinal)) == 2);

        Assert.Contains(int.Parse((await service.RunAsync("import kettle\n" + TellParent, "kettle")).Stdout, CultureInfo.InvariantCulture), service.ForkServers);
        time.Advance(TimeSpan.FromSeconds(21));
        await RunAndWaitAsync("a second try", () => Warnings() == 2);
        time.Advance(TimeSpan.FromSeconds(21));
        await RunAndWaitAsync("a job", () => true);
        time.Advance(TimeSpan.FromSeconds(20));
        await RunAndWaitAsync("a third try", () => Warnings() == 3);

        int Warnings() => service.Logs.Lines.Count(line => line.Contains("could not be started", StringComparison.Ordinal));

        async Task RunAndWaitAsync(string what, Func<bool> happened)
        {
            Assert.Equal(ExecutionStatus.Ok, (await service.RunAsync("import kettle", "kettle")).Status);
            await Eventually.HoldsAsync(happened, what);
        }
    }

    [Fact]
    public async Task However_many_names_a_program_invents_the_imports_of_the_next_are_learned()
    {
        var time = new ManualTime();
        await using var service = new TestService(time: time);
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrepareAsync(CancellationToken.None);
        await service.RunAsync($"if 0:\n    import {string.Join(", ", Enumerable.Range(0, 100).Select(i => $"x{i}"))}", "kettle");
        await Eventually.HoldsAsync(() => service.Logs.Lines.Count(line => line.Contains("imports []", StringComparison.Ordinal)) == 2, "a server of the packages beside the base's");

        time.Advance(TimeSpan.FromSeconds(11));
        await service.RunAsync("from kettle import VERSION", "kettle");
        await Eventually.HoldsAsync(() => service.Logs.Lines.Any(line => line.Contains("imports [kettle]", StringComparison.Ordinal)), "a server that imports kettle, and no name that is no module");
    }

    [Theory]
    [InlineData("import os\nif '/server-' in os.getcwd(): raise ValueError('not here')\n", "")]
    [InlineData("import os, sys\nif '/server-' in os.getcwd(): sys.exit(3)\n", "")]
    [InlineData("import atexit\natexit.register(print, 'at exit')\n", "at exit\n")]
    public async Task What_a_package_does_at_its_import_happens_once_in_a_program(string code, string printed)
    {
        await using var service = new TestService();
        service.Wheels.Add("kettle", "1.0", code: code);
        await service.Local.PrepareAsync(CancellationToken.None);
        Assert.Equal(printed, (await service.RunAsync("import kettle", "kettle")).Stdout);
        await Eventually.HoldsAsync(() => service.Logs.Lines.Any(line => line.Contains("imports [kettle]", StringComparison.Ordinal)), "a server that imports kettle");
        Assert.Equal(printed, (await service.RunAsync("import kettle", "kettle")).Stdout);
    }

    [Fact]
    public async Task A_server_is_replaced_when_it_is_an_hour_old()
    {
        var time = new ManualTime();
        await using var service = new TestService(time: time);
        await service.Local.PrepareAsync(CancellationToken.None);
        var first = Assert.Single(service.ForkServers);
        time.Advance(TimeSpan.FromMinutes(61));
        await Eventually.HoldsAsync(() => service.ForkServers is [var only] && only != first, "another server");
        Assert.Equal($"{service.ForkServers.Single()}\n", (await service.RunAsync(TellParent)).Stdout);
    }

    [Fact]
    public async Task The_least_recently_used_server_ends_when_memory_is_short()
    {
        // Less than one holds: only the base's own stays.
        await using var service = new TestService(options => options with { ForkServerBytes = 1 });
        service.Wheels.Add("kettle", "1.0");
        await service.Local.PrepareAsync(CancellationToken.None);
        var first = Assert.Single(service.ForkServers);
        await service.RunAsync("import kettle", "kettle");
        await Eventually.HoldsAsync(() => service.Logs.Lines.Any(line => line.Contains("was ended: all of them may hold", StringComparison.Ordinal)), "an end of the second server");
        await Eventually.HoldsAsync(() => service.ForkServers is [var only] && only == first && service.JobProcesses.Count == 0, "one server");
        Assert.Equal($"{first}\n", (await service.RunAsync(TellParent)).Stdout);
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
