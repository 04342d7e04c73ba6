using System.Globalization;
using CodeExec.Shared.Jobs;
using CodeExec.Tests.Support;
using CodeExec.Worker.Processes;

namespace CodeExec.Tests.Execution;

/// <summary>Jobs that don't end by themselves, or not all of them.</summary>
public abstract class StoppingTests(bool forked) : ExecutionTests(forked)
{
    private const string IgnoresSigterm = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n";

    [Fact]
    public async Task A_job_past_its_time_limit_keeps_what_it_printed()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var run = service.Start(Jobs.Endless());
        await run.Printed("ready");
        await time.PassAsync(service.Settings.Execution.RunTimeout);
        var result = await run.Finished;
        Assert.Equal((ExecutionStatus.Timeout, ExecutionResult.TimeoutReturnCode, "ready\n"), (result.Status, result.ReturnCode, result.Stdout));
        Assert.Contains("30 s", result.Hint, StringComparison.Ordinal);
        Assert.Null(run.Stop.Reason);
    }

    [Fact]
    public async Task A_job_at_its_time_limit_may_still_say_goodbye()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var run = service.Start(Jobs.Python("import os, signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'goodbye\\n'), sys.exit(0)))\nprint('ready')\ntime.sleep(600)"));
        await run.Printed("ready");
        await time.PassAsync(service.Settings.Execution.RunTimeout);
        var result = await run.Finished;
        Assert.Equal((ExecutionStatus.Timeout, "ready\ngoodbye\n"), (result.Status, result.Stdout));
    }

    [Fact]
    public async Task A_job_that_ignores_SIGTERM_is_killed_after_the_grace_time()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var run = service.Start(Jobs.Python(IgnoresSigterm + "print('ready')\nwhile True: time.sleep(1)"));
        await run.Printed("ready");
        await time.PassAsync(service.Settings.Execution.RunTimeout);
        await time.PassAsync(service.Settings.Execution.KillGrace);
        Assert.Equal(ExecutionStatus.Timeout, (await run.Finished).Status);
    }

    [Fact]
    public async Task A_time_limit_kills_everything_that_the_job_started()
    {
        var time = new ManualTime();
        await using var service = await ServiceAsync(time: time);
        var run = service.Start(Jobs.Python(IgnoresSigterm + "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nprint(child.pid)\nprint('ready')\nwhile True: time.sleep(1)"));
        await run.Printed("ready");
        var child = int.Parse(run.Streamed(OutputStream.Stdout).Split('\n')[0], CultureInfo.InvariantCulture);
        await time.PassAsync(service.Settings.Execution.RunTimeout);
        await time.PassAsync(service.Settings.Execution.KillGrace);
        await run.Finished;
        await Eventually.HoldsAsync(() => ProcessTable.HasEnded(child), "an end of the job's child");
    }

    [Theory]
    [InlineData(StopReason.ClientCancelled)]
    [InlineData(StopReason.ClientGone)]
    [InlineData(StopReason.ShuttingDown)]
    public async Task A_stopped_job_ends_as_cancelled_with_what_it_printed(StopReason reason)
    {
        await using var service = await ServiceAsync();
        var run = service.Start(Jobs.Endless());
        await run.Printed("ready");
        run.Stop.Request(reason);
        var result = await run.Finished;
        Assert.Equal((ExecutionStatus.Cancelled, ExecutionResult.KilledReturnCode, "ready\n"), (result.Status, result.ReturnCode, result.Stdout));
        Assert.Equal(reason, run.Stop.Reason);
    }

    [Fact]
    public async Task A_job_that_was_stopped_before_it_began_never_runs()
    {
        await using var service = await ServiceAsync();
        using var run = new TestRun(new StoppedRunner(service.Local.Runner), Jobs.Python($"open({WheelFolder.Python(service.Folder.Shared("ran"))}, 'w').close()"));
        Assert.Equal(ExecutionStatus.Cancelled, (await run.Finished).Status);
    }

    [Fact]
    public async Task When_the_events_have_ended_the_process_and_its_folder_are_gone()
    {
        await using var service = await ServiceAsync();
        using var stop = new JobStop();
        var pid = 0;
        await foreach (var happened in service.Local.Runner.RunAsync(Jobs.Python("import os; print(os.getpid())"), stop))
        {
            if (happened is OutputChunk chunk) pid = int.Parse(chunk.Text, CultureInfo.InvariantCulture);
        }
        Assert.NotEqual(0, pid);
        Assert.False(ProcessTable.Exists(pid));
        Assert.Empty(service.JobFolders);
    }

    [Fact]
    public async Task A_consumer_that_stops_listening_ends_the_job()
    {
        await using var service = await ServiceAsync();
        using var stop = new JobStop();
        await foreach (var happened in service.Local.Runner.RunAsync(Jobs.Endless(), stop))
            if (happened is OutputChunk) break;
        Assert.Equal(StopReason.ClientGone, stop.Reason);
        Assert.Empty(service.JobProcesses);
        Assert.Equal(0, service.Local.Slots.Running);
    }

    [Fact]
    public async Task A_forked_child_that_keeps_the_pipe_open_does_not_hold_the_result_back()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync(IgnoresSigterm + "import os\nif os.fork() == 0:\n    while True: time.sleep(1)\nprint('parent done')");
        Assert.Equal(("parent done\n", 0), (result.Stdout, result.ReturnCode));
    }

    [Fact]
    public async Task A_daemon_that_keeps_the_pipe_open_neither_holds_the_result_back_nor_outlives_the_job()
    {
        // However long a job may take to end by itself, who left it isn't waited for so long.
        await using var service = await ServiceAsync(execution: options => options with { KillGrace = TimeSpan.FromSeconds(60) });
        var result = await service.RunAsync("""
            import os, time
            started, left = os.pipe()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.chdir('/')
                    print(os.getpid(), flush=True)
                    os.write(left, b'1')
                    while True: time.sleep(1)
                os._exit(0)
            os.read(started, 1)
            """);
        Assert.Equal(0, result.ReturnCode);
        var daemon = int.Parse(result.Stdout, CultureInfo.InvariantCulture);
        await Eventually.HoldsAsync(() => ProcessTable.HasEnded(daemon), "an end of the daemon");
    }

    [Fact]
    public async Task A_process_that_can_not_be_started_leaves_nothing_open()
    {
        var before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (var i = 0; i < 200; i++)
            Assert.Throws<System.ComponentModel.Win32Exception>(() => ChildProcess.Start(new ChildCommand("/no/such/program", [], new Dictionary<string, string>(StringComparer.Ordinal), "/")));
        await Eventually.HoldsAsync(() => Directory.GetFileSystemEntries("/proc/self/fd").Length < before + 100, "fewer open files");
    }

    [Fact]
    public async Task A_signal_after_the_end_reaches_nobody()
    {
        using var child = ChildProcess.Start(new ChildCommand("/bin/true", [], new Dictionary<string, string>(StringComparer.Ordinal), "/"));
        Assert.Equal(0, (await child.Exited.Within()).ReturnCode);
        child.Terminate();
        Assert.True(await child.StopAsync(TimeSpan.FromSeconds(1), TimeProvider.System));
    }

    private sealed class StoppedRunner(CodeExec.Shared.Running.IJobRunner inner) : CodeExec.Shared.Running.IJobRunner
    {
        public IAsyncEnumerable<JobEvent> RunAsync(ExecutionJob job, JobStop stop)
        {
            stop.Request(StopReason.ClientCancelled);
            return inner.RunAsync(job, stop);
        }
    }
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class StoppingInFreshInterpreterTests() : StoppingTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class StoppingInForkedInterpreterTests() : StoppingTests(forked: true);
