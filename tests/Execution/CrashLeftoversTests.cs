using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;

namespace CodeExec.Tests.Execution;

public sealed class CrashLeftoversTests
{
    [Fact]
    public async Task What_a_killed_process_left_is_swept_at_the_next_start_and_the_living_ones_folders_stay()
    {
        using var folder = new TestFolder();
        using var living = OwnedFolder.Create(folder["work"]);
        var kept = Directory.CreateDirectory(Path.Combine(living.Path, "job")).FullName;

        await using var worker = WorkerProcess.Start(folder);
        await worker.CallAsync(1, "print('started')");
        var orphan = Path.Combine(Directory.EnumerateDirectories(folder["work"]).Single(path => path != living.Path), "job", "home");
        Directory.CreateDirectory(orphan);
        File.WriteAllText(Path.Combine(orphan, "main.py"), "print(1)");
        await worker.KillAsync();
        Assert.True(Directory.Exists(orphan));

        using var next = OwnedFolder.Create(folder["work"]);
        Assert.False(Directory.Exists(orphan));
        Assert.True(Directory.Exists(kept));
        Assert.Equal(new[] { living.Path, next.Path }.Order(StringComparer.Ordinal), Directory.EnumerateDirectories(folder["work"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_job_that_outlived_its_killed_worker_is_ended_at_the_next_start()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, settings: ("FORK_SERVER", "off"));
        var started = folder.Shared("started");
        await worker.Lines.OpenAsync();
        var call = worker.CallAsync(1, $"import os, time\nopen('{started}.part', 'w').write(str(os.getpid()))\nos.rename('{started}.part', '{started}')\nwhile True: time.sleep(1)");
        await Eventually.HoldsAsync(() => File.Exists(started), "a started job");
        var pid = int.Parse(await File.ReadAllTextAsync(started));
        await worker.KillAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => call);
        Assert.False(ProcessTable.HasEnded(pid));

        using var next = OwnedFolder.Create(folder["work"]);

        await Eventually.HoldsAsync(() => ProcessTable.HasEnded(pid), "an end of the job");
        Assert.Equal(next.Path, Directory.EnumerateDirectories(folder["work"]).Single());
    }

    [Fact]
    public void Folders_of_others_stay()
    {
        using var folder = new TestFolder();
        var stranger = Directory.CreateDirectory(folder["work/stranger"]).FullName;
        using (OwnedFolder.Create(folder["work"]))
            Assert.True(Directory.Exists(stranger));
        Assert.Equal(stranger, Directory.EnumerateDirectories(folder["work"]).Single());
    }

    [Fact]
    public void Many_processes_may_start_at_once()
    {
        using var folder = new TestFolder();
        for (var round = 0; round < 20; round++)
        {
            var folders = new OwnedFolder[8];
            Parallel.For(0, folders.Length, i => folders[i] = OwnedFolder.Create(folder["work"]));
            Assert.All(folders, owned => Assert.True(File.Exists(Path.Combine(owned.Path, ".owner"))));
            foreach (var owned in folders) owned.Dispose();
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }
}
