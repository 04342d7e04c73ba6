using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Tests.Execution;

/// <summary>A folder serves the next job only when this one left no trace in it.</summary>
public sealed class WorkspacesTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Workspaces _workspaces;

    public WorkspacesTests() => _workspaces = new Workspaces(() => _folder.Path, () => ForeignUser.Ourselves, 4, path => Assert.Fail($"{path} was left behind."));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_that_was_left_as_it_was_serves_the_next_job()
    {
        var first = _workspaces.Open("print(1)");
        _workspaces.Close(first);
        var second = _workspaces.Open("print(2)");
        Assert.Same(first, second);
        Assert.Equal("print(2)", File.ReadAllText(second.MainFile));
    }

    [Theory]
    [InlineData("a file at home")]
    [InlineData("a file in tmp")]
    [InlineData("a file beside them")]
    [InlineData("a link in place of home")]
    [InlineData("other rights")]
    [InlineData("no home")]
    public void A_folder_that_was_changed_is_removed(string change)
    {
        var used = _workspaces.Open("print(1)");
        var (root, aside) = (Path.GetDirectoryName(used.Home)!, _folder["aside"]);
        switch (change)
        {
            case "a file at home": File.WriteAllText(Path.Combine(used.Home, ".hidden"), ""); break;
            case "a file in tmp": File.WriteAllText(Path.Combine(used.Temporary, "x"), ""); break;
            case "a file beside them": File.WriteAllText(Path.Combine(root, "x"), ""); break;
            case "a link in place of home":
                Directory.Move(used.Home, aside);
                File.CreateSymbolicLink(used.Home, aside);
                break;
            case "other rights": File.SetUnixFileMode(used.Temporary, (UnixFileMode)0b111_111_111); break;
            case "no home": Directory.Delete(used.Home, recursive: true); break;
        }
        _workspaces.Close(used);
        Assert.False(Directory.Exists(root));
        Assert.NotSame(used, _workspaces.Open("print(2)"));
    }

    [Fact]
    public async Task A_folder_is_removed_on_a_thread_that_no_other_call_needs()
    {
        bool? isOfPool = null;
        var workspaces = new Workspaces(() => _folder["jobs"], () => ForeignUser.Ourselves, 4, _ => isOfPool = Thread.CurrentThread.IsThreadPoolThread);
        var used = workspaces.Open("print(1)");
        // Below a file nothing can be removed, which is told on the thread that tries.
        Directory.Move(_folder["jobs"], _folder["aside"]);
        _folder.Write("jobs", "");
        await Task.Run(() => workspaces.CloseAsync(used)).Within();
        Assert.False(isOfPool);
    }

    [Fact]
    public async Task A_folder_that_is_kept_takes_no_other_thread()
    {
        var used = _workspaces.Open("print(1)");
        Assert.True(_workspaces.CloseAsync(used).IsCompleted);
        Assert.Same(used, _workspaces.Open("print(2)"));
        used.MayBeInUse = true;
        await _workspaces.CloseAsync(used).Within();
        Assert.False(Directory.Exists(used.Root));
    }

    [Fact]
    public void A_spare_folder_that_was_spoilt_meanwhile_is_not_used()
    {
        var spare = _workspaces.Open("print(1)");
        _workspaces.Close(spare);
        File.WriteAllText(spare.MainFile, "planted");
        var next = _workspaces.Open("print(2)");
        Assert.NotSame(spare, next);
        Assert.Equal("print(2)", File.ReadAllText(next.MainFile));
    }

    [Fact]
    public void A_spare_folder_of_another_user_is_not_used()
    {
        if (!Environment.IsPrivilegedProcess) return;
        var user = new ForeignUser(64_996);
        var workspaces = new Workspaces(() => _folder.Path, () => user, 4, path => Assert.Fail($"{path} was left behind."));
        var first = workspaces.Open("print(1)");
        workspaces.Close(first);
        user = ForeignUser.Ourselves;
        var second = workspaces.Open("print(2)");
        Assert.Equal((false, ForeignUser.Ourselves), (Directory.Exists(first.Root), second.User));
    }

    [Fact]
    public void A_program_never_shares_its_file_with_the_one_before()
    {
        var first = _workspaces.Open("print(1)");
        using var kept = File.OpenRead(first.MainFile);
        _workspaces.Close(first);
        var second = _workspaces.Open("secret = 2");
        Assert.Same(first, second);
        Assert.Equal("print(1)", new StreamReader(kept).ReadToEnd());
    }

    [Fact]
    public void No_more_folders_are_kept_than_allowed()
    {
        var all = Enumerable.Range(0, 6).Select(_ => _workspaces.Open("pass")).ToList();
        foreach (var workspace in all) _workspaces.Close(workspace);
        Assert.Equal(4, Directory.EnumerateDirectories(_folder.Path).Count());
    }
}
