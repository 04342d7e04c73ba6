using System.Diagnostics;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Execution;

/// <summary>What code does to its folder. TestService sees to it that nothing of it is left.</summary>
public abstract class WorkspaceTests(bool forked) : ExecutionTests(forked)
{
    [Fact]
    public async Task The_folder_is_private_and_both_home_and_working_directory()
    {
        await using var service = await ServiceAsync();
        var result = await service.RunAsync("""
            import os, stat, tempfile
            home = os.getcwd()
            print(os.environ['HOME'] == home, tempfile.gettempdir() == os.environ['TMPDIR'], os.environ['TMPDIR'].startswith(os.path.dirname(home)))
            print(*(oct(stat.S_IMODE(os.stat(path).st_mode)) for path in (home, os.environ['TMPDIR'])))
            # Another user may pass through it, to what is that user's own.
            print(oct(stat.S_IMODE(os.stat(os.path.dirname(home)).st_mode) & 0o066))
            """);
        Assert.Equal("True True True\n0o700 0o700\n0o0\n", result.Stdout);
    }

    [Fact]
    public async Task Files_of_a_job_are_gone_and_the_next_job_starts_empty()
    {
        await using var service = await ServiceAsync();
        Assert.Equal(ExecutionStatus.Ok, (await service.RunAsync("""
            import os
            os.makedirs('a/b/c')
            open('a/b/c/file', 'w').write('x')
            open(os.environ['TMPDIR'] + '/t', 'w').write('x')
            os.mkfifo('fifo')
            print(1)
            """)).Status);
        Assert.Equal("['main.py'] []\n", (await service.RunAsync("import os; print(os.listdir(), os.listdir(os.environ['TMPDIR']))")).Stdout);
    }

    [Fact]
    public async Task Code_that_deletes_its_directory_gets_its_result()
    {
        await using var service = await ServiceAsync(sandbox: SandboxMode.Off);
        Assert.Equal("gone\n", (await service.RunAsync("import os, shutil; shutil.rmtree(os.path.dirname(os.getcwd())); print('gone')")).Stdout);
        Assert.Equal("next\n", (await service.RunAsync("print('next')")).Stdout);
    }

    [Fact]
    public async Task Code_that_deletes_the_folder_of_all_jobs_does_not_stop_the_next_one()
    {
        await using var service = await ServiceAsync(sandbox: SandboxMode.Off);
        Assert.Equal("gone\n", (await service.RunAsync("import os, shutil; shutil.rmtree(os.path.dirname(os.path.dirname(os.getcwd()))); print('gone')")).Stdout);
        Assert.Equal("next\n", (await service.RunAsync("print('next')")).Stdout);
    }

    [Fact]
    public async Task What_links_point_at_survives_the_cleaning()
    {
        await using var service = await ServiceAsync(sandbox: SandboxMode.Off);
        var target = Directory.CreateDirectory(service.Folder["target"]).FullName;
        var file = service.Folder.Write("target/file", "precious");
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        var mode = File.GetUnixFileMode(target);
        Assert.Equal("linked\n", (await service.RunAsync($"""
            import os
            target = {WheelFolder.Python(target)}
            os.symlink(target, 'folder')
            os.symlink(target + '/file', 'file')
            os.symlink('/no/such/place', 'broken')
            os.symlink('..', 'up')
            os.link(target + '/file', 'hard')
            print('linked')
            """)).Stdout);
        Assert.Equal("precious", File.ReadAllText(file));
        Assert.Equal(mode, File.GetUnixFileMode(target));
    }

    [Fact]
    public async Task A_folder_that_became_a_link_is_removed_as_a_link()
    {
        await using var service = await ServiceAsync(sandbox: SandboxMode.Off);
        var file = service.Folder.Write("precious", "precious");
        Assert.Equal("linked\n", (await service.RunAsync($"""
            import os, shutil
            root = os.path.dirname(os.getcwd())
            shutil.rmtree(root)
            os.symlink({WheelFolder.Python(service.Folder.Path)}, root)
            print('linked')
            """)).Stdout);
        Assert.Equal("precious", File.ReadAllText(file));
    }

    [Fact]
    public async Task Files_that_are_still_being_written_do_not_keep_the_folder()
    {
        await using var service = await ServiceAsync();
        for (var i = 0; i < 5; i++)
            Assert.Equal("done\n", (await service.RunAsync("""
                import os, signal
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                ready, told = os.pipe()
                for child in range(4):
                    if os.fork() == 0:
                        for n in range(5000):
                            os.makedirs(f'{child}/{n}/deep', exist_ok=True)
                            open(f'{child}/{n}/deep/file', 'w').close()
                            if n == 20: os.write(told, b'x')
                        os._exit(0)
                for _ in range(4): os.read(ready, 1)
                print('done')
                """)).Stdout);
    }

    [Fact]
    public async Task A_very_deep_tree_is_removed()
    {
        await using var service = await ServiceAsync();
        Assert.Equal("deep\n", (await service.RunAsync("""
            import os
            for _ in range(1500):
                os.mkdir('d')
                os.chdir('d')
            print('deep')
            """)).Stdout);
    }

    [Fact]
    public async Task A_full_disk_is_the_codes_error_and_the_next_job_runs()
    {
        using var disk = new SmallDisk();
        await using var service = await ServiceAsync(execution: options => options with { WorkDirectory = disk.WorkDirectory });
        for (var i = 0; i < 2; i++)
        {
            var full = await service.RunAsync($"""
                with open({WheelFolder.Python(disk.FileThatFillsIt)}, 'wb', buffering=0) as file:
                    while True: file.write(b'x' * 65536)
                """);
            Assert.Equal((1, ExecutionStatus.Error), (full.ReturnCode, full.Status));
            Assert.Contains("No space left on device", full.Stderr, StringComparison.Ordinal);
        }
        Assert.Equal("next\n", (await service.RunAsync("print('next')")).Stdout);
        Assert.Empty(service.JobFolders);
    }

    /// <summary>A disk of 1 MB, where this user may mount one. Elsewhere the kernel's /dev/full stands in for the code's file.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly TestFolder _folder = new();
        private readonly bool _mounted;

        public SmallDisk()
        {
            Directory.CreateDirectory(_folder["disk"]);
            _mounted = Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", _folder["disk"]) == 0;
        }

        public string WorkDirectory => _folder["disk/work"];

        public string FileThatFillsIt => _mounted ? "big" : "/dev/full";

        public void Dispose()
        {
            if (_mounted) Assert.Equal(0, Run("umount", _folder["disk"]));
            _folder.Dispose();
        }

        private static int Run(params string[] command)
        {
            using var process = Process.Start(command[0], command[1..]);
            process.WaitForExit();
            return process.ExitCode;
        }
    }
}

/// <summary>The same in a fresh interpreter for each job.</summary>
public sealed class WorkspaceInFreshInterpreterTests() : WorkspaceTests(forked: false)
{
    [Fact]
    public async Task A_work_directory_that_can_be_used_again_is_used_again()
    {
        await using var service = await ServiceAsync();
        service.Folder.Write("work", "not a folder");
        await Assert.ThrowsAnyAsync<IOException>(() => service.RunAsync("print(1)"));
        File.Delete(service.WorkDirectory);
        Assert.Equal("1\n", (await service.RunAsync("print(1)")).Stdout);
    }
}

/// <summary>The same in interpreters forked from a warm one.</summary>
public sealed class WorkspaceInForkedInterpreterTests() : WorkspaceTests(forked: true);
