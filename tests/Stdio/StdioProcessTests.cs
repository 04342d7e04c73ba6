using System.Text;
using System.Text.Json;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Stdio;

/// <summary>The built worker as the process that Heroku's agents start.</summary>
public sealed class StdioProcessTests
{
    [Fact]
    public async Task The_reference_apps_heredoc_gets_all_its_answers_and_a_clean_end()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.SendRawAsync(Encoding.UTF8.GetBytes($"""

            {McpLines.Initialize(0, "0.1.0")}

            {McpLines.Initialized}

            {McpLines.Request(1, "tools/list")}

            {McpLines.Call(2, "print(2+2)")}


            """ + "\u0004"));
        worker.Lines.CloseInput();
        var (code, stderr) = await worker.ExitAsync();
        Assert.Equal(0, code);
        Assert.Equal("0 1 2", string.Join(' ', worker.Lines.AnsweredIds.Order(StringComparer.Ordinal)));
        Assert.Equal(3, worker.Lines.Received.Count);
        Assert.Equal("4", Stdout(await worker.Lines.AnswerAsync(2)));
        Assert.Contains(" ending=ok returncode=0 ", stderr, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Theory]
    [InlineData("\n\u0004")]
    [InlineData("\u0004")]
    public async Task The_end_of_transmission_of_heroku_run_ends_it_though_its_input_stays_open(string end)
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        await worker.Lines.SendRawAsync(Encoding.UTF8.GetBytes(McpLines.Call(1, "print(2+2)") + end));
        Assert.Equal(0, (await worker.ExitAsync()).Code);
        Assert.Equal("4", Stdout(await worker.Lines.AnswerAsync(1)));
    }

    [Fact]
    public async Task An_idle_server_ends_on_SIGTERM_though_its_input_is_open()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        worker.Terminate();
        Assert.Equal(0, (await worker.ExitAsync()).Code);
    }

    [Fact]
    public async Task On_SIGTERM_running_calls_are_answered_and_new_ones_refused()
    {
        using var folder = new TestFolder();
        using var release = new NamedPipe(folder.Shared("go"));
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        await worker.Lines.SendAsync(McpLines.Call(1, $"print('on')\nopen({WheelFolder.Python(release.Path)}).read()\nprint('done')", progressToken: "t"));
        await worker.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        worker.Terminate();
        // The signal arrives in its own time: calls are answered until it has.
        var refused = 2;
        while (!(await worker.Lines.CallAsync(refused, "print(1)")).GetRawText().Contains("shutting down", StringComparison.Ordinal)) refused++;
        release.Open();
        Assert.Equal("on\ndone", Stdout(await worker.Lines.AnswerAsync(1)));
        Assert.Equal(0, (await worker.ExitAsync()).Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Fact]
    public async Task A_call_that_outlives_the_drain_time_is_stopped_answered_and_leaves_nothing()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: false, ("DRAIN_SECONDS", "0"));
        await worker.Lines.OpenAsync();
        await worker.Lines.SendAsync(McpLines.Call(1, "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on')\nwhile True: time.sleep(1)", progressToken: "t"));
        await worker.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        worker.Terminate();
        Assert.Equal(0, (await worker.ExitAsync()).Code);
        Assert.Contains("was shut down while this code ran", (await worker.Lines.AnswerAsync(1)).GetRawText(), StringComparison.Ordinal);
        Assert.Empty(ProcessTable.Within(folder.Path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Fact]
    public async Task A_cancelled_call_leaves_nothing_though_the_input_ends_right_behind_it()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        await worker.Lines.SendAsync(McpLines.Call(1, "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on')\nwhile True: time.sleep(1)", progressToken: "t"));
        await worker.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        await worker.Lines.SendAsync(McpLines.Cancel(1));
        worker.Lines.CloseInput();
        var (code, _) = await worker.ExitAsync();
        var left = ProcessTable.Within(folder.Path);
        foreach (var pid in left) ProcessTable.Kill(pid);
        Assert.Empty(left);
        Assert.Equal(0, code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Fact]
    public async Task A_client_that_dies_while_code_runs_leaves_nothing()
    {
        using var folder = new TestFolder();
        using var release = new NamedPipe(folder.Shared("go"));
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        await worker.Lines.SendAsync(McpLines.Call(1, $"print('on')\nopen({WheelFolder.Python(release.Path)}).read()\nprint('x' * 100_000)", progressToken: "t"));
        await worker.Lines.FindAsync(message => message.TryGetProperty("method", out _));
        worker.CloseBoth();
        release.Open();
        Assert.Equal(0, await worker.CodeAsync());
        Assert.Empty(ProcessTable.Within(folder.Path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder["work"]));
    }

    [Fact]
    public async Task Code_that_takes_its_own_rights_away_leaves_nothing()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder, asNobody: true);
        await worker.Lines.OpenAsync();
        var result = await worker.Lines.CallAsync(1, """
            import os
            os.makedirs('a/b/c')
            open('a/b/file', 'w').close()
            os.symlink('/usr', 'a/b/link')
            home = os.getcwd()
            for path in (home + '/a/b/c', home + '/a/b', home + '/a', home, os.path.dirname(home)): os.chmod(path, 0)
            try: os.listdir(home)
            except PermissionError: print('no rights')
            """);
        Assert.Equal("no rights", result.GetProperty("structuredContent").GetProperty("stdout").GetString());
        Assert.Empty(TestService.JobFoldersIn(folder["work"]));
        worker.Lines.CloseInput();
        var (code, stderr) = await worker.ExitAsync();
        Assert.Equal(0, code);
        Assert.DoesNotContain("behind", stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_setting_of_ours_reaches_the_code()
    {
        using var folder = new TestFolder();
        folder.Write(".env", "DATABASE_URL=from-the-file-s3cret\n");
        await using var worker = WorkerProcess.Start(folder, asNobody: false, ("API_KEY", "s3cret-key"), ("REDIS_URL", "redis://:s3cret@localhost"), ("PIP_INDEX_URL", "https://u:s3cret@index.example"), ("PYTHONPATH", "/s3cret"), ("PYTHONSTARTUP", "/s3cret"), ("TZ", "Asia/Tokyo"));
        await worker.Lines.OpenAsync();
        var result = await worker.Lines.CallAsync(1, "import os, sys, time\nprint(dict(os.environ), sys.path, sys.argv, sys.orig_argv)\nprint(time.tzname[0])");
        var stdout = result.GetProperty("structuredContent").GetProperty("stdout").GetString()!;
        Assert.DoesNotContain("s3cret", stdout, StringComparison.Ordinal);
        Assert.DoesNotContain(TestService.Python + " ", stdout, StringComparison.Ordinal);
        Assert.EndsWith("JST", stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_JSON_RPC_is_written_to_stdout_whatever_the_code_does()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.Start(folder);
        await worker.Lines.OpenAsync();
        await worker.Lines.CallAsync(1, "import os, sys\nos.write(1, b'{\"jsonrpc\": \"fake\"}\\n\\xff\\n')\nos.write(2, b'x\\n')\nprint('\\x1b[0m', file=sys.__stdout__)");
        await worker.Lines.SendAsync("nonsense");
        worker.Lines.CloseInput();
        Assert.Equal(0, (await worker.ExitAsync()).Code);
        Assert.Equal(3, worker.Lines.Received.Count);
    }

    [Fact]
    public async Task Started_without_a_mode_it_says_how()
    {
        using var folder = new TestFolder();
        await using var worker = WorkerProcess.StartWith(folder, []);
        var (code, stderr) = await worker.ExitAsync();
        Assert.Equal(64, code);
        Assert.Contains("usage:", stderr, StringComparison.Ordinal);
    }

    private static string Stdout(JsonElement answer) => answer.GetProperty("result").GetProperty("structuredContent").GetProperty("stdout").GetString()!;
}
