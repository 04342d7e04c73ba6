using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;
using CodeExec.Worker.Processes;

namespace CodeExec.Tests.Forking;

/// <summary>Killing a fork server or what waits for it, at any moment, costs a caller at most a delay.</summary>
public sealed class LostServerTests
{
    // SIGSTOP and SIGCONT.
    private const int Stop = 19;
    private const int Continue = 18;

    [Fact]
    public async Task A_running_job_survives_the_death_of_its_server()
    {
        await using var service = await ServiceAsync();
        using var go = new NamedPipe(service.Folder.Shared("go"));
        var run = service.Start(Jobs.Python($"import sys\nprint('ready', flush=True)\nopen({WheelFolder.Python(go.Path)}).read()\nprint('last words')\nprint('error', file=sys.stderr)\nsys.exit(7)"));
        await run.Printed("ready");

        await KillServersAsync(service);
        go.Open();

        var result = await run.Finished;
        Assert.Equal((7, "ready\nlast words\n", "error\n"), (result.ReturnCode, result.Stdout, result.Stderr));
    }

    [Fact]
    public async Task A_server_that_dies_after_it_was_replaced_keeps_no_end_waiting()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(options => options with { RunTimeout = TimeSpan.FromDays(1) }, time);
        var replaced = service.ForkServers.Single();
        using var go = new NamedPipe(service.Folder.Shared("go"));
        var run = service.Start(Jobs.Python($"print('ready', flush=True)\nopen({WheelFolder.Python(go.Path)}).read()"));
        await run.Printed("ready");
        // What the server's children say comes in order: after this one's end it is known that the other has begun.
        await service.RunAsync("pass");
        time.Advance(TimeSpan.FromMinutes(61));
        await Eventually.HoldsAsync(() => service.ForkServers.Count == 2, "another server beside the one that has a job");

        foreach (var pid in service.WaitingChildren.Where(pid => ProcessTable.Parent(pid) == replaced)) ProcessTable.Kill(pid);
        ProcessTable.Kill(replaced);
        await Eventually.HoldsAsync(() => !service.ForkServers.Contains(replaced), "its end");
        go.Open();
        Assert.Equal(ExecutionStatus.Ok, (await run.Finished.Within()).Status);
        await service.StopAsync().Within();
    }

    [Fact]
    public async Task A_job_without_its_server_is_still_cancelled()
    {
        await using var service = await ServiceAsync();
        var run = service.Start(Jobs.Endless());
        await run.Printed("ready");

        await KillServersAsync(service);
        run.Stop.Request(StopReason.ClientCancelled);

        Assert.Equal((ExecutionStatus.Cancelled, "ready\n"), ((await run.Finished).Status, (await run.Finished).Stdout));
    }

    [Fact]
    public async Task A_job_without_its_server_still_has_its_time_limit()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var run = service.Start(Jobs.Endless());
        await run.Printed("ready");

        await KillServersAsync(service);
        await time.PassAsync(service.Settings.Execution.RunTimeout);

        Assert.Equal((ExecutionStatus.Timeout, "ready\n"), ((await run.Finished).Status, (await run.Finished).Stdout));
    }

    [Fact]
    public async Task A_job_without_its_server_still_has_its_output_limit()
    {
        await using var service = await ServiceAsync(options => options with { MaxPrintedBytes = 1 << 20 });
        using var go = new NamedPipe(service.Folder.Shared("go"));
        var run = service.Start(Jobs.Python($"print('ready', flush=True)\nopen({WheelFolder.Python(go.Path)}).read()\nwhile True: print('x' * 1000)"));
        await run.Printed("ready");

        await KillServersAsync(service);
        go.Open();

        Assert.Equal(ExecutionStatus.OutputLimit, (await run.Finished).Status);
    }

    [Fact]
    public async Task Children_that_wait_may_be_killed_between_jobs()
    {
        await using var service = await ServiceAsync();
        for (var round = 0; round < 10; round++)
        {
            foreach (var pid in service.WaitingChildren) ProcessTable.Kill(pid);
            Assert.Equal($"{round}\n", (await service.RunAsync($"print({round})")).Stdout);
        }
    }

    [Fact]
    public async Task Every_job_runs_exactly_once_while_servers_are_killed()
    {
        const int Count = 600;
        var time = new ManualTime();
        await using var service = await ServiceAsync(options => options with { Concurrency = 4, QueueLimit = Count, RunTimeout = TimeSpan.FromDays(40), QueueTimeout = TimeSpan.FromDays(40) }, time);
        var ledger = service.Folder.SharedFile("ledger");
        using var end = new CancellationTokenSource();
        var killed = new HashSet<int>();
        var killing = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                foreach (var pid in service.ForkServers)
                {
                    ProcessTable.Kill(pid);
                    killed.Add(pid);
                }
                // Past the pause between two starts; the next dies young or old.
                time.Advance(TimeSpan.FromSeconds(11));
                await service.Local.PrepareAsync(CancellationToken.None).Within();
                await Task.Delay(Random.Shared.Next(1, 30), CancellationToken.None);
            }
        });

        var runs = Enumerable.Range(0, Count).Select(number => service.Start(Jobs.Python(
            $"import os, sys\nwith open({WheelFolder.Python(ledger)}, 'a') as file: file.write('{number}\\n')\nprint({number})\nsys.exit({number % 100})"))).ToList();
        try
        {
            for (var number = 0; number < Count; number++)
            {
                var result = await runs[number].Finished;
                Assert.Equal((number, number % 100, $"{number}\n", ""), (number, result.ReturnCode, result.Stdout, result.Stderr));
            }
        }
        finally
        {
            await end.CancelAsync();
            await killing;
        }

        Assert.Equal(Enumerable.Range(0, Count), File.ReadLines(ledger).Select(int.Parse).Order());
        Assert.True(killed.Count > 2, $"{killed.Count} servers were killed");
    }

    [Fact]
    public async Task A_job_that_nobody_takes_runs_in_a_fresh_interpreter_and_the_frozen_server_is_replaced()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var server = service.ForkServers.Single();
        Assert.Equal(0, LibC.Kill(server, Stop));
        await Eventually.HoldsAsync(() => ProcessTable.IsStopped(server), "a stop of the server, which may be forking");
        foreach (var pid in service.WaitingChildren) ProcessTable.Kill(pid);

        var run = service.Start(Jobs.Python("import os\nprint(os.getppid())"));
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return run.Finished.IsCompleted;
            },
            "an end of the job");

        Assert.Equal($"{Environment.ProcessId}\n", (await run.Finished).Stdout);
        time.Advance(TimeSpan.FromSeconds(11));
        await service.Local.PrepareAsync(CancellationToken.None);
        // One that was not ready before so much time had passed is on its way out.
        await Eventually.HoldsAsync(() => service.ForkServers.Count(pid => pid != server) == 1, "one server in its place");
        Assert.Equal($"{service.ForkServers.Single(pid => pid != server)}\n", (await service.RunAsync("import os\nprint(os.getppid())")).Stdout);
    }

    [Fact]
    public async Task A_job_that_runs_while_its_server_freezes_is_answered_when_it_ends()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        using var held = new NamedPipe(service.Folder.Shared("held"));
        var run = service.Start(Jobs.Python($"print('ready', flush=True)\nopen({WheelFolder.Python(held.Path)}).read()\nprint('end')\nraise SystemExit(5)"));
        await run.Printed("ready");
        Assert.Equal(0, LibC.Kill(service.ForkServers.Single(), Stop));
        held.Open();
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return run.Finished.IsCompleted;
            },
            "an end of the job");
        Assert.Equal(("ready\nend\n", 5), ((await run.Finished).Stdout, (await run.Finished).ReturnCode));
    }

    [Fact]
    public async Task A_result_waits_for_no_server_that_has_yet_to_reap_the_process()
    {
        await using var service = await ServiceAsync(time: new ManualTime());
        var server = service.ForkServers.Single();
        using var held = new NamedPipe(service.Folder.Shared("held"));
        var run = service.Start(Jobs.Python($"print('ready', flush=True)\nopen({WheelFolder.Python(held.Path)}).read()\nraise SystemExit(7)"));
        await run.Printed("ready");

        Assert.Equal(0, LibC.Kill(server, Stop));
        held.Open();
        Assert.Equal((7, "ready\n"), (await run.Told() is var told ? (told.ReturnCode, told.Stdout) : default));
        Assert.Equal(1, service.Local.Slots.Running);

        Assert.Equal(0, LibC.Kill(server, Continue));
        await run.Finished;
        Assert.Equal(0, service.Local.Slots.Running);
    }

    [Fact]
    public async Task A_program_that_says_that_it_ends_and_stays_is_ended_and_has_its_slot_until_then()
    {
        await using var service = await ServiceAsync();
        var run = service.Start(Jobs.Python("import os, time\nprint('bye', flush=True)\nos.utime(os.environ['TMPDIR'], (3, 3))\nos.closerange(1, 3)\nwhile True: time.sleep(1)"));

        Assert.Equal((3, "bye\n"), (await run.Told() is var told ? (told.ReturnCode, told.Stdout) : default));
        Assert.Equal(1, service.Local.Slots.Running);
        await run.Finished;
        Assert.Empty(service.JobProcesses);
        Assert.Equal(0, service.Local.Slots.Running);
    }

    [Fact]
    public async Task A_SIGTERM_to_every_process_ends_the_jobs_that_take_it_and_no_server()
    {
        await using var service = await ServiceAsync();
        var server = service.ForkServers.Single();
        var run = service.Start(Jobs.Python("import signal, time\nprint(signal.getsignal(signal.SIGTERM).name, flush=True)\nwhile True: time.sleep(1)"));
        await run.Printed("SIG_DFL");

        foreach (var pid in ProcessTable.Within(service.Folder.Path)) ProcessTable.Terminate(pid);

        var result = await run.Finished;
        Assert.Equal(-LibC.SignalTerminate, result.ReturnCode);
        Assert.Contains("shut down", result.Hint, StringComparison.Ordinal);
        Assert.Equal($"{server}\n", (await service.RunAsync("import os\nprint(os.getppid())")).Stdout);
    }

    [Fact]
    public async Task Nothing_of_a_killed_worker_is_left()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        var started = folder.Shared("started");
        await worker.CallAsync(1, "print('warm')");
        await Eventually.HoldsAsync(() => ProcessTable.Within(folder.Path).Any(ProcessTable.IsForkServer), "a fork server");
        var call = worker.CallAsync(2, $"import time\nopen({WheelFolder.Python(started)}, 'w').close()\nwhile True: time.sleep(1)");
        await Eventually.HoldsAsync(() => File.Exists(started), "a started job");

        await worker.KillAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => call);
        await Eventually.HoldsAsync(() => ProcessTable.Within(folder.Path).All(pid => !ProcessTable.IsForkServer(pid)), "an end of the fork servers");
        // A job that a fresh interpreter ran lives on until the next start.
        foreach (var pid in ProcessTable.Within(folder.Path)) ProcessTable.Kill(pid);
    }

    [Fact]
    public async Task Many_jobs_leave_no_descriptor_open()
    {
        await using var service = await ServiceAsync();
        for (var i = 0; i < 20; i++) await service.RunAsync("print(1)");
        var before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (var i = 0; i < 500; i++) Assert.Equal("1\n", (await service.RunAsync("print(1)")).Stdout);
        // Other tests run beside this one; a descriptor a job would show all the same.
        await Eventually.HoldsAsync(() => Directory.GetFileSystemEntries("/proc/self/fd").Length < before + 200, "fewer open files");
        Assert.Empty(service.JobFolders);
    }

    private static async Task<TestService> ServiceAsync(Func<ExecutionOptions, ExecutionOptions>? execution = null, TimeProvider? time = null)
    {
        var service = new TestService(execution, time: time);
        await service.Local.PrepareAsync(CancellationToken.None);
        Assert.Single(service.ForkServers);
        return service;
    }

    private static async Task KillServersAsync(TestService service)
    {
        var servers = service.ForkServers;
        Assert.NotEmpty(servers);
        foreach (var pid in servers) ProcessTable.Kill(pid);
        await Eventually.HoldsAsync(() => servers.All(ProcessTable.HasEnded), "an end of the fork server");
    }
}
