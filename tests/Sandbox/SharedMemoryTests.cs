using System.Diagnostics;
using CodeExec.Tests.Support;

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

    private string Left => _folder.Shared("left");

    private string Leaves => $"open('{Left}', 'w').write('kept')";

    private WorkerProcess Worker(string forking) => WorkerProcess.StartAs(User, _folder, ("FORK_SERVER", forking), ("WORKER_CONCURRENCY", "1"));
}
