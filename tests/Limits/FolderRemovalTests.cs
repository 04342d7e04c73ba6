using System.Diagnostics;
using CodeExec.Tests.Support;
using CodeExec.Worker.Execution;

namespace CodeExec.Tests.Limits;

/// <summary>Folders that somebody hostile left: they are gone all the same, and nothing else is.</summary>
public sealed class FolderRemovalTests
{
    [Theory]
    [InlineData("nothing", "pass")]
    [InlineData("2,000 levels, one below the other", "import os\nfor _ in range(2000):\n    os.mkdir('d' * 60)\n    open('file', 'w').close()\n    os.chdir('d' * 60)")]
    [InlineData("100,000 links", "import os\nfor i in range(100000): os.symlink('/etc', str(i))")]
    [InlineData("3,000 folders that aren't empty", "import os\nfor i in range(3000):\n    os.makedirs(f'all/{i}/x')\n    open(f'all/{i}/x/y', 'w').close()")]
    [InlineData("rights taken away", "import os\nos.makedirs('a/b/c')\nopen('a/b/c/file', 'w').close()\nfor name in ('a/b/c', 'a/b', 'a', '.'): os.chmod(name, 0)")]
    [InlineData("names that hurt", "import os\nfor name in (b'\\xff\\n', b'\\xff\\xff', b'-rf', b'...', b'*', b' '): os.mkdir(name); open(name + b'/' + name, 'w').close()")]
    [InlineData("no plain files", "import os, socket\nos.mkfifo('fifo')\nsocket.socket(socket.AF_UNIX).bind('socket')\nos.symlink('.', 'self')\nos.symlink('loop', 'loop')\nos.link('fifo', 'again')")]
    public async Task A_folder_is_gone_with(string what, string code)
    {
        using var folder = new TestFolder();
        var hostile = Directory.CreateDirectory(folder["hostile"]).FullName;
        await PythonAsync(hostile, code);
        Assert.True(FolderTree.Remove(hostile), what);
        Assert.False(Directory.Exists(hostile));
        Assert.Empty(TestFolder.Content(folder.Path));
    }

    [Fact]
    public async Task What_links_lead_to_stays()
    {
        using var folder = new TestFolder();
        var hostile = Directory.CreateDirectory(folder["hostile"]).FullName;
        Directory.CreateDirectory(folder["precious"]);
        folder.Write("precious/file", "text");
        await PythonAsync(hostile, "import os\nos.symlink('../precious', 'link')\nos.mkdir('d')\nos.symlink('../../precious', 'd/link')\nos.link('../precious/file', 'd/file')");
        Assert.True(FolderTree.Remove(hostile));
        Assert.Equal("text", File.ReadAllText(folder["precious/file"]));
    }

    [Fact]
    public void A_link_in_the_folders_place_goes_alone()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["precious"]);
        folder.Write("precious/file", "text");
        File.CreateSymbolicLink(folder["hostile"], folder["precious"]);
        Assert.True(FolderTree.Remove(folder["hostile"]));
        Assert.Equal("text", File.ReadAllText(folder["precious/file"]));
        Assert.False(Path.Exists(folder["hostile"]));
    }

    [Fact]
    public void A_folder_that_is_gone_already_is_fine()
    {
        using var folder = new TestFolder();
        Assert.True(FolderTree.Remove(folder["never"]));
    }

    private static async Task PythonAsync(string directory, string code)
    {
        using var python = Process.Start(new ProcessStartInfo(TestService.Python, ["-c", code]) { WorkingDirectory = directory })!;
        await python.WaitForExitAsync().Within();
        Assert.Equal(0, python.ExitCode);
    }
}
