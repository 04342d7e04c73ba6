using System.Globalization;
using System.Net.Sockets;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Sandbox;

/// <summary>
/// A real worker process full of secrets, with a job that runs all the while, on a host that has doors: attacks of one class of tests are run in
/// it, one after the other.
/// </summary>
public abstract class BesiegedWorker(bool forked, bool asNobody) : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Socket _pathSocket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Socket _abstractSocket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private WorkerProcess? _worker;
    private int _calls = 10;

    /// <summary>What stands for the words in braces.</summary>
    public IReadOnlyDictionary<string, string> Words { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    private WorkerProcess Worker => _worker!;

    private int Sibling => int.Parse(Words["SIBLING"], CultureInfo.InvariantCulture);

    public async Task InitializeAsync()
    {
        var wheels = new WheelFolder(_folder["wheels"]).Add("kettle", "1.0");
        _folder.Write(".env", "API_KEY=s3cret-of-the-file\n");
        File.SetUnixFileMode(_folder[".env"], asNobody ? (UnixFileMode)0b110_110_110 : (UnixFileMode)0b110_000_000);
        File.Copy("/usr/bin/id", _folder["id-with-rights"]);
        File.SetUnixFileMode(_folder["id-with-rights"], (UnixFileMode)0b100_111_101_101);
        _pathSocket.Bind(new UnixDomainSocketEndPoint(_folder["socket"]));
        _pathSocket.Listen();
        File.SetUnixFileMode(_folder["socket"], (UnixFileMode)0b111_111_111);
        var abstractName = Path.GetFileName(_folder.Path);
        _abstractSocket.Bind(new UnixDomainSocketEndPoint("\0" + abstractName));
        _abstractSocket.Listen();
        _worker = WorkerProcess.Start(
            _folder, asNobody,
            ("API_KEY", "s3cret-key"), ("REDIS_URL", "redis://:s3cret-redis@127.0.0.1:6390"), ("PIP_EXTRA_INDEX_URL", "https://user:s3cret-pip@index.example/simple"),
            ("PIP_FIND_LINKS", wheels.Path), ("FORK_SERVER", forked ? "on" : "off"), ("WORKER_CONCURRENCY", "8"), ("EXEC_TIMEOUT_SECONDS", "600"), ("KILL_GRACE_SECONDS", "0"));
        await Worker.Lines.OpenAsync();
        await CallAsync("import kettle; print('warm')");
        if (forked)
            await Eventually.HoldsAsync(async () => (await CallAsync("import kettle, os; print(os.getppid())")).Output.Trim() != $"{Worker.Id}", "a job from a fork server");
        var meeting = _folder.Shared("sibling");
        await Worker.Lines.SendAsync(McpLines.Call(
            1, $"import os, time\nopen('mine.txt', 'w').write('s3cret-of-a-neighbour')\nopen('{meeting}-part', 'w').write(f'{{os.getpid()}} {{os.getcwd()}}')\nos.rename('{meeting}-part', '{meeting}')\ntime.sleep(600)",
            null, "kettle"));
        await Eventually.HoldsAsync(() => File.Exists(meeting), "a neighbour");
        var neighbour = (await File.ReadAllTextAsync(meeting)).Split(' ', 2);
        Words = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["WORKER"] = $"{Worker.Id}",
            ["FOLDER"] = _folder.Path,
            ["SIBLING"] = neighbour[0],
            ["SIBLING_HOME"] = neighbour[1],
            ["SOCKET"] = _folder["socket"],
            ["ABSTRACT"] = abstractName,
            ["SETUID"] = _folder["id-with-rights"],
        };
    }

    /// <summary>Runs code to its end, with a package.</summary>
    public async Task<(string Output, string All)> CallAsync(string code)
    {
        var result = await Worker.Lines.CallAsync(Interlocked.Increment(ref _calls), code, "kettle");
        return (result.GetProperty("structuredContent").GetProperty("stdout").GetString()!, result.GetRawText());
    }

    /// <summary>Whether everything is as before an attack: worker, neighbour, environment, host, and what the next caller gets.</summary>
    public async Task CheckAsync()
    {
        Assert.Equal("""next ["1.0"]""", (await CallAsync("import json, kettle\nprint('next', json.dumps([kettle.VERSION]))")).Output.Trim());
        Assert.False(ProcessTable.HasEnded(Worker.Id));
        Assert.False(ProcessTable.HasEnded(Sibling));
        Assert.Equal("s3cret-of-a-neighbour", await File.ReadAllTextAsync(Path.Combine(Words["SIBLING_HOME"], "mine.txt")));
        Assert.False(File.Exists("/tmp/codeexec-left"));
        Assert.False(File.Exists(_folder["left"]));
        Assert.Equal("API_KEY=s3cret-of-the-file\n", await File.ReadAllTextAsync(_folder[".env"]));
        Assert.Single(TestService.JobFoldersIn(_folder["work"]));
    }

    public async Task DisposeAsync()
    {
        if (_worker is not null)
        {
            Worker.Terminate();
            await Worker.KillAsync();
            await Worker.DisposeAsync();
        }
        foreach (var pid in ProcessTable.Within(_folder.Path)) ProcessTable.Kill(pid);
        await Eventually.HoldsAsync(() => ProcessTable.Within(_folder.Path).Count == 0, "an end of what the worker ran");
        _pathSocket.Dispose();
        _abstractSocket.Dispose();
        _folder.Dispose();
    }

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Jobs are forked from a warm interpreter; the worker was started as the user of the tests, most often root.</summary>
public sealed class ForkingWorker() : BesiegedWorker(forked: true, asNobody: false);

/// <summary>Each job in an interpreter of its own.</summary>
public sealed class StartingWorker() : BesiegedWorker(forked: false, asNobody: false);

/// <summary>As a user without rights, forked.</summary>
public sealed class ForkingWorkerOfNobody() : BesiegedWorker(forked: true, asNobody: true);

/// <summary>As a user without rights, each in an interpreter of its own.</summary>
public sealed class StartingWorkerOfNobody() : BesiegedWorker(forked: false, asNobody: true);
