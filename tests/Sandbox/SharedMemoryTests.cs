using System.Diagnostics;
using CodeExec.Tests.Support;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Sandbox;

/// <summary>Files in /dev/shm are memory of the host: what jobs leave there, or hide there from their limits, doesn't stay.</summary>
public sealed class SharedMemoryTests : IDisposable
{
    // A user that runs nothing else here.
    private const string User = "64997";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory(Timeout = 120_000)]
    [InlineData("on")]
    [InlineData("off")]
    public async Task Without_root_it_is_removed_where_nobody_else_has_the_user(string forking)
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var worker = Worker(forking);
        await worker.CallAsync(1, "print(1)");
        await worker.CallAsync(2, Leaves);
        // The answer may come before all is cleared away; the next call of the one slot can't.
        await worker.CallAsync(3, "print(1)");
        Assert.False(File.Exists(Left));
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_root_it_stays_where_another_program_has_the_same_user()
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var worker = Worker("on");
        using var other = Process.Start(new ProcessStartInfo("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", "sh", "-c", "echo there; exec sleep 600"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("there", await other.StandardOutput.ReadLineAsync().Within());
            await worker.CallAsync(1, Leaves);
            await worker.CallAsync(2, "print(1)");
            Assert.True(File.Exists(Left));
        }
        finally
        {
            other.Kill();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_root_what_was_there_before_stays()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using (var earlier = Process.Start("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", "touch", Left])) await earlier.WaitForExitAsync().Within();
        await using var worker = Worker("on");
        await worker.CallAsync(1, "print(1)");
        await worker.CallAsync(2, "print(1)");
        Assert.True(File.Exists(Left));
    }

    [Theory(Timeout = 120_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_than_a_job_may_have_in_memory_is_removed_while_it_runs_but_what_it_holds(bool asRoot)
    {
        if (!Environment.IsPrivilegedProcess) return;
        (string Name, string Value)[] settings = [("MEMORY_LIMIT_MB", "64"), ("WORKER_CONCURRENCY", "1")];
        await using var worker = asRoot ? WorkerProcess.Start(_folder, settings: settings) : WorkerProcess.StartAs(User, _folder, settings);
        var answer = await worker.CallAsync(1, $$"""
            import os, time
            held = open('{{Left}}', 'wb')
            held.write(bytes(4_000_000))
            held.flush()
            names = [f'{{Left}}-{i}' for i in range(20)]
            for name in names:
                with open(name, 'wb') as file: file.write(bytes(4_000_000))
            while os.path.exists(names[0]): time.sleep(0.01)
            print('held' if os.path.exists('{{Left}}') else 'lost')
            """);
        Assert.Contains("\"held", answer.GetRawText(), StringComparison.Ordinal);
        await worker.CallAsync(2, "print(1)");
        Assert.False(File.Exists(Left));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_a_running_job_has_closed_stays_until_its_end_also_where_the_kernel_knows_no_births(bool knowsBirths)
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var memory = new SharedMemory(Owner, TimeProvider.System, knowsBirths);
        var running = memory.Started();
        Leave(1);
        memory.Ended(memory.Started());
        Assert.True(File.Exists(Left));
        memory.Ended(running);
        Assert.False(File.Exists(Left));
    }

    [Fact]
    public void Of_many_ends_one_a_second_looks_and_a_little_that_is_left_goes_by_itself()
    {
        if (!Environment.IsPrivilegedProcess) return;
        var time = new ManualTime();
        using var memory = new SharedMemory(Owner, time);
        Leave(1);
        memory.Ended(memory.Started());
        Assert.False(File.Exists(Left));

        Leave(1);
        memory.Ended(memory.Started());
        Assert.True(File.Exists(Left));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(File.Exists(Left));
    }

    [Fact]
    public void Much_that_is_left_goes_at_once_at_every_end()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using var memory = new SharedMemory(Owner, new ManualTime());
        for (var i = 0; i < 3; i++)
        {
            Leave(17 * 1024 * 1024);
            memory.Ended(memory.Started());
            Assert.False(File.Exists(Left));
        }
    }

    [Fact]
    public void What_still_waits_goes_with_the_service()
    {
        if (!Environment.IsPrivilegedProcess) return;
        using (var memory = new SharedMemory(Owner, new ManualTime()))
        {
            for (var i = 0; i < 2; i++)
            {
                Leave(1);
                memory.Ended(memory.Started());
            }
            Assert.True(File.Exists(Left));
        }
        Assert.False(File.Exists(Left));
    }

    // Nobody else's on this host.
    private static ForeignUser Owner { get; } = new(64_996);

    private void Leave(int bytes)
    {
        File.WriteAllBytes(Left, new byte[bytes]);
        Owner.Give(Left);
    }

    [Fact(Timeout = 120_000)]
    public async Task What_a_running_job_holds_stays_where_root_can_not_see_who_holds_what()
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var worker = WorkerProcess.StartWithoutCapability("sys_ptrace", _folder, ("MEMORY_LIMIT_MB", "64"), ("WORKER_CONCURRENCY", "1"));
        // More than may be there together; the watch looks every 50 ms.
        var answer = await worker.CallAsync(1, $$"""
            import os, time
            held = open('{{Left}}', 'wb')
            for _ in range(9): held.write(bytes(4_000_000))
            held.flush()
            with open('{{Left}}-closed', 'wb') as file:
                for _ in range(9): file.write(bytes(4_000_000))
            end = time.monotonic() + 1
            while time.monotonic() < end and os.path.exists('{{Left}}'): time.sleep(0.01)
            print('held' if os.path.exists('{{Left}}') else 'lost')
            """);
        Assert.True(answer.GetRawText().Contains("\"held", StringComparison.Ordinal), answer.GetRawText());
    }

    private string Left => _folder.Shared("left");

    private string Leaves => $"open('{Left}', 'w').write('kept')";

    private WorkerProcess Worker(string forking) => WorkerProcess.StartAs(User, _folder, ("FORK_SERVER", forking), ("WORKER_CONCURRENCY", "1"));
}
