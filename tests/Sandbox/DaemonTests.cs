using System.Globalization;
using CodeExec.Shared.Jobs;
using CodeExec.Tests.Execution;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Sandbox;

/// <summary>Nothing that a job starts outlives it, and nothing ends before its job does.</summary>
public abstract class DaemonTests(bool forked) : ExecutionTests(forked)
{
    // Twice forked, in a session of its own, and nobody's child but its subreaper's.
    private const string Daemon = """
        import os, time
        told, tell = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.chdir('/')
                os.write(tell, f'{os.getpid()}'.encode())
                os.close(1)
                os.close(2)
                while True: time.sleep(1)
            os._exit(0)
        os.wait()
        print(os.read(told, 20).decode(), flush=True)

        """;

    [Fact]
    public async Task A_daemon_is_gone_when_its_job_is()
    {
        await using var service = await ServiceAsync();
        for (var i = 0; i < 3; i++) Assert.True(ProcessTable.HasEnded(Number((await service.RunAsync(Daemon)).Stdout)));
    }

    [Fact]
    public async Task A_daemon_of_a_neighbour_lives_on_while_its_own_job_runs()
    {
        await using var service = await ServiceAsync();
        var neighbour = service.Start(Jobs.Python(Daemon + "print('there')\ntime.sleep(600)"));
        await neighbour.Printed("there");
        var theirs = Number(neighbour.Streamed(OutputStream.Stdout).Split('\n')[0]);
        for (var i = 0; i < 3; i++) Assert.True(ProcessTable.HasEnded(Number((await service.RunAsync(Daemon)).Stdout)));
        Assert.False(ProcessTable.HasEnded(theirs));
        neighbour.Stop.Request(StopReason.ClientCancelled);
        await neighbour.Finished;
        Assert.True(ProcessTable.HasEnded(theirs));
    }

    [Fact]
    public async Task A_daemon_that_starts_others_is_gone_with_all_of_them()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("""
            import os, time
            told, tell = os.pipe()
            for _ in range(20):
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        os.setsid()
                        os.fork()
                        os.write(tell, b'%d ' % os.getpid())
                        while True: time.sleep(1)
                    os._exit(0)
            seen = b''
            while seen.count(b' ') < 40: seen += os.read(told, 4096)
            print(seen.decode())
            """);
        var daemons = result.Stdout.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Number).ToList();
        Assert.Equal(40, daemons.Count);
        Assert.All(daemons, pid => Assert.True(ProcessTable.HasEnded(pid)));
    }

    [Fact]
    public async Task Shared_memory_that_a_job_left_is_gone_and_a_neighbours_is_not()
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var service = await ServiceAsync();
        const string Leaves = "from multiprocessing import resource_tracker, shared_memory\nkept = shared_memory.SharedMemory(create=True, size=4096)\nresource_tracker.unregister(kept._name, 'shared_memory')\nprint(kept.name, flush=True)\n";
        var neighbour = service.Start(Jobs.Python(Leaves + "import time\nprint('there')\ntime.sleep(600)"));
        await neighbour.Printed("there");
        var theirs = neighbour.Streamed(OutputStream.Stdout).Split('\n')[0];
        var left = (await service.RunAsync(Leaves)).Stdout.Trim();
        Assert.True(File.Exists($"/dev/shm/{theirs}"));
        neighbour.Stop.Request(StopReason.ClientCancelled);
        await neighbour.Finished;
        // At once, unless another end has looked within the last second.
        await Eventually.HoldsAsync(() => !File.Exists($"/dev/shm/{theirs}") && !File.Exists($"/dev/shm/{left}"), "an end of what was left");
    }

    [Fact]
    public async Task A_semaphore_that_the_job_of_another_worker_holds_stays()
    {
        if (!Environment.IsPrivilegedProcess) return;
        await using var other = await ServiceAsync();
        await using var service = await ServiceAsync();
        var name = Path.GetFileName(other.Folder.Path);
        // As multiprocessing makes those that it hands on by name.
        var holder = other.Start(Jobs.Python($"import _multiprocessing, time\nheld = _multiprocessing.SemLock(1, 0, 1, '/{name}', False)\nprint('there', flush=True)\ntime.sleep(600)"));
        await holder.Printed("there");
        await service.RunAsync("print(1)");
        Assert.True(File.Exists($"/dev/shm/sem.{name}"));
        holder.Stop.Request(StopReason.ClientCancelled);
        await holder.Finished;
        Assert.False(File.Exists($"/dev/shm/sem.{name}"));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class DaemonsOfFreshInterpretersTests() : DaemonTests(forked: false);

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class DaemonsOfForkedInterpretersTests() : DaemonTests(forked: true);
