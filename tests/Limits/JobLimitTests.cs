using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Execution;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Limits;

/// <summary>What a job that passes a limit is told: which one, how much, and what to do.</summary>
public abstract class JobLimitTests(bool forked) : ExecutionTests(forked)
{
    private const long Megabyte = 1024 * 1024;

    [Fact]
    public async Task Processor_time_of_all_processes_together_is_limited()
    {
        await using var service = await WithAsync(limits => limits with { CpuTime = TimeSpan.FromSeconds(1) });
        var result = await service.RunAsync("import os\nos.fork()\nprint('begun', flush=True)\nend = os.times().elapsed + 20\nwhile os.times().elapsed < end: pass");
        Assert.Equal((ExecutionStatus.CpuLimit, -9), (result.Status, result.ReturnCode));
        Assert.Contains("begun", result.Stdout, StringComparison.Ordinal);
        Assert.Matches(@"^The code was stopped when its processes together had used [1-9]\.\d s of processor time; the limit is 1 s\. Do less in one call", result.Hint);
    }

    [Fact]
    public async Task Processor_time_of_children_that_have_ended_counts()
    {
        await using var service = await WithAsync(limits => limits with { CpuTime = TimeSpan.FromSeconds(1) });
        var result = await service.RunAsync("""
            import os, time
            for _ in range(40):
                if os.fork() == 0:
                    end = time.process_time() + 0.5
                    while time.process_time() < end: pass
                    os._exit(0)
                os.wait()
            """);
        Assert.Equal(ExecutionStatus.CpuLimit, result.Status);
    }

    [Fact]
    public async Task Memory_of_all_processes_together_is_limited()
    {
        await using var service = await WithAsync(limits => limits with { MemoryBytes = 100 * Megabyte });
        var result = await service.RunAsync("import os, time\nfor _ in range(3):\n    if os.fork() == 0: break\nheld = b'x' * 40_000_000\ntime.sleep(20)");
        Assert.Equal((ExecutionStatus.MemoryLimit, -9), (result.Status, result.ReturnCode));
        Assert.Matches(@"^The code was stopped when it held 1\d\d MB of memory, .* together; the limit is 100 MB\. Use less at a time", result.Hint);
    }

    [Fact]
    public async Task Pages_that_processes_share_count_once()
    {
        await using var service = await WithAsync(limits => limits with { MemoryBytes = 120 * Megabyte, CheckEvery = TimeSpan.FromMilliseconds(10) });
        using var release = new NamedPipe(service.Folder.Shared("release"));
        var run = service.Start(Jobs.Python($"""
            import mmap, os
            held, seen = b'x' * 60_000_000, mmap.mmap(-1, 20_000_000)
            seen.write(b'x' * 20_000_000)
            children = []
            for _ in range(8):
                child = os.fork()
                if child == 0:
                    assert held[::4096] and seen[::4096]
                    print('child', flush=True)
                    open({WheelFolder.Python(release.Path)}).read()
                    os._exit(0)
                children.append(child)
            for child in children: os.waitpid(child, 0)
            print('end')
            """));
        await run.Printed(string.Concat(Enumerable.Repeat("child\n", 8)));
        await LookedAsync(service);
        release.Open();
        Assert.Equal(ExecutionStatus.Ok, (await run.Finished).Status);
    }

    [Fact]
    public async Task Processes_and_threads_are_limited()
    {
        await using var service = await WithAsync(limits => limits with { Processes = 10 });
        var result = await service.RunAsync("import threading, time\nfor _ in range(12): threading.Thread(target=time.sleep, args=(20,), daemon=True).start()\ntime.sleep(20)");
        Assert.Equal((ExecutionStatus.ProcessLimit, -9), (result.Status, result.ReturnCode));
        Assert.Matches(@"^The code was stopped when it had 1[123] processes and threads; the limit is 10\. Start fewer at a time, and wait for those that have ended\.$", result.Hint);
    }

    [Fact]
    public async Task Disk_space_is_limited()
    {
        await using var service = await WithAsync(limits => limits with { DiskBytes = 10 * Megabyte });
        var result = await service.RunAsync("import time\nfor i in range(12): open(str(i), 'wb').write(bytes(1 << 20))\ntime.sleep(20)");
        Assert.Equal((ExecutionStatus.DiskLimit, -9), (result.Status, result.ReturnCode));
        Assert.Matches(@"^The code was stopped when its files took 1\d MB of disk space, .*; the limit is 10 MB\. Write less", result.Hint);
    }

    [Theory]
    [InlineData("open('large', 'wb').write(bytes(9 << 20))", "A file may be 8 MB at most. Write several smaller files, or less data.")]
    [InlineData("open('hollow', 'wb').truncate(1 << 40)", "A file may be 8 MB at most.")]
    [InlineData("held = [open('/dev/null') for _ in range(100)]", "A process may have 70 files open at once. Close those")]
    [InlineData("held = bytearray(3 << 30)", "No more memory could be had: a call may hold 512 MB, and one process may reserve 512 MB and 1 GB of address space.")]
    [InlineData("import mmap\nheld = mmap.mmap(-1, 3 << 30)", "No more memory could be had: a call may hold 512 MB")]
    public async Task What_the_kernel_refuses_gets_a_hint(string code, string hint)
    {
        await using var service = await WithAsync(limits => limits with { FileBytes = 8 * Megabyte, OpenFiles = 70 });
        var result = await service.RunAsync(code);
        Assert.Equal((ExecutionStatus.Error, 1), (result.Status, result.ReturnCode));
        Assert.StartsWith(hint, result.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_can_not_raise_its_limits_above_those_of_its_job()
    {
        await using var service = await WithAsync(limits => limits with { FileBytes = 8 * Megabyte, CpuTime = TimeSpan.FromSeconds(50), OpenFiles = 70 });
        Assert.Equal("8388608 51 52 70 0\n", (await service.RunAsync("""
            from resource import *
            print(getrlimit(RLIMIT_FSIZE)[1], *getrlimit(RLIMIT_CPU), getrlimit(RLIMIT_NOFILE)[1], getrlimit(RLIMIT_CORE)[1])
            """)).Stdout);
    }

    [Fact]
    public async Task A_call_may_ask_for_less_and_the_next_has_the_usual_limits_again()
    {
        await using var service = await WithAsync(limits => limits with { OpenFiles = 100 });
        const string Code = "from resource import *\nprint(getrlimit(RLIMIT_FSIZE)[1] >> 20, getrlimit(RLIMIT_CPU)[0], getrlimit(RLIMIT_NOFILE)[1], getrlimit(RLIMIT_AS)[1] >> 20)";
        var lowered = new JobLimits { FileMb = 3, CpuSeconds = 4, OpenFiles = 65, MemoryMb = 64 };
        Assert.Equal("3 5 65 1088\n", (await service.Start(Jobs.Python(Code) with { Limits = lowered }).Finished).Stdout);
        Assert.Equal("256 61 100 1536\n", (await service.RunAsync(Code)).Stdout);
    }

    [Theory]
    [InlineData(nameof(JobLimits.TimeoutSeconds), ExecutionStatus.Timeout, "after 1 s, the limit")]
    [InlineData(nameof(JobLimits.CpuSeconds), ExecutionStatus.CpuLimit, "the limit is 1 s")]
    [InlineData(nameof(JobLimits.MemoryMb), ExecutionStatus.MemoryLimit, "the limit is 40 MB")]
    [InlineData(nameof(JobLimits.Processes), ExecutionStatus.ProcessLimit, "the limit is 2")]
    [InlineData(nameof(JobLimits.DiskMb), ExecutionStatus.DiskLimit, "the limit is 1 MB")]
    [InlineData(nameof(JobLimits.PrintedBytes), ExecutionStatus.OutputLimit, "more than 2000 bytes, the limit")]
    public async Task Less_that_a_call_asked_for_holds(string limit, ExecutionStatus status, string hint)
    {
        await using var service = await WithAsync(limits => limits);
        var all = new JobLimits { TimeoutSeconds = 1, CpuSeconds = 1, MemoryMb = 40, Processes = 2, DiskMb = 1, PrintedBytes = 2000 };
        var asked = limit switch
        {
            nameof(JobLimits.TimeoutSeconds) => new JobLimits { TimeoutSeconds = all.TimeoutSeconds },
            nameof(JobLimits.CpuSeconds) => new JobLimits { CpuSeconds = all.CpuSeconds },
            nameof(JobLimits.MemoryMb) => new JobLimits { MemoryMb = all.MemoryMb },
            nameof(JobLimits.Processes) => new JobLimits { Processes = all.Processes },
            nameof(JobLimits.DiskMb) => new JobLimits { DiskMb = all.DiskMb },
            _ => new JobLimits { PrintedBytes = all.PrintedBytes },
        };
        var result = await service.Start(Jobs.Python("""
            import os, threading, time
            print('x' * 3000, flush=True)
            open('file', 'wb').write(bytes(2 << 20))
            held = b'x' * 60_000_000
            for _ in range(3): threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
            end = time.monotonic() + 20
            while time.monotonic() < end: pass
            """) with { Limits = asked }).Finished;
        Assert.Equal(status, result.Status);
        Assert.Contains(hint, result.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_the_settings_allow_has_no_effect()
    {
        // As it can come from a web process with other settings.
        await using var service = await WithAsync(limits => limits with { Processes = 5 });
        var job = Jobs.Python("import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(20,), daemon=True).start()\ntime.sleep(20)");
        var result = await service.Start(job with { Limits = new JobLimits { Processes = 1000, MemoryMb = int.MaxValue, TimeoutSeconds = int.MaxValue } }).Finished;
        Assert.Equal((ExecutionStatus.ProcessLimit, true), (result.Status, result.Hint!.Contains("the limit is 5", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_runs_for_long_leaves_the_cores_to_others()
    {
        // Long before it is looked at.
        await using var service = await WithAsync(limits => limits with { CheckEvery = TimeSpan.FromMinutes(5) });
        // Not os.nice, which sets what it has read a moment ago.
        var result = await service.RunAsync("""
            import os, time
            def niceness(): return os.getpriority(os.PRIO_PROCESS, 0)
            end = time.monotonic() + 20
            while niceness() == 0 and time.monotonic() < end: pass
            if os.fork() == 0: os._exit(niceness())
            print(niceness(), os.waitstatus_to_exitcode(os.wait()[1]))
            """);
        Assert.Equal("10 10\n", result.Stdout);
    }

    [Fact]
    public async Task So_do_the_sessions_that_it_makes()
    {
        if (!File.Exists("/proc/self/autogroup")) return;
        // Confined, a child can't see what is said of it.
        await using var service = await ServiceAsync(sandbox: SandboxMode.Off);
        var result = await service.RunAsync("""
            import os, time
            child = os.fork()
            if child == 0: os.setsid()
            end = time.monotonic() + 60
            while "nice 10" not in open("/proc/self/autogroup").read() and time.monotonic() < end: time.sleep(0.01)
            print(open("/proc/self/autogroup").read().split()[-1], flush=True)
            if child: os.wait()
            """);
        Assert.Equal("10\n10\n", result.Stdout);
    }

    // A look is at all jobs, so one that must end by it says that there was one.
    private static async Task LookedAsync(TestService service)
    {
        var canary = await service.Start(Jobs.Python("import threading, time\nthreading.Thread(target=time.sleep, args=(20,)).start()") with { Limits = new JobLimits { Processes = 1 } }).Finished;
        Assert.Equal(ExecutionStatus.ProcessLimit, canary.Status);
    }

    private Task<TestService> WithAsync(Func<LimitOptions, LimitOptions> limits) => ServiceAsync(options => options with { Limits = limits(options.Limits) });
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class JobLimitInFreshInterpreterTests() : JobLimitTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class JobLimitInForkedInterpreterTests() : JobLimitTests(forked: true);
