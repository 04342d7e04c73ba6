using System.Diagnostics;
using System.Text.Json;

namespace CodeExec.Tests.Support;

/// <summary>The built worker as a real process in STDIO mode, with an environment of its own. Killed, if it still runs, when disposed.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _stderr;

    private WorkerProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _stderr = _process.StandardError.ReadToEndAsync();
        Lines = new McpLines(_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream);
    }

    public McpLines Lines { get; }

    public int Id => _process.Id;

    /// <summary>Starts one.</summary>
    /// <param name="folder">Its work and cache folders are made in here, and it is its working directory.</param>
    /// <param name="asNobody">As a user without rights, when this user may become one.</param>
    /// <param name="settings">Further environment variables.</param>
    public static WorkerProcess Start(TestFolder folder, bool asNobody = false, params (string Name, string Value)[] settings) => StartWith(folder, ["stdio"], asNobody, settings);

    /// <summary>Starts one with other arguments.</summary>
    public static WorkerProcess StartWith(TestFolder folder, string[] arguments, bool asNobody = false, params (string Name, string Value)[] settings) =>
        StartAs(asNobody && Environment.IsPrivilegedProcess ? "65534" : null, folder, arguments, settings);

    /// <summary>Starts one as another user, which root alone can.</summary>
    public static WorkerProcess StartAs(string user, TestFolder folder, params (string Name, string Value)[] settings) => StartAs(user, folder, ["stdio"], settings);

    /// <summary>Starts one as root without some of root's rights (capabilities(7)): "all" as `docker run --cap-drop ALL` does.</summary>
    public static WorkerProcess StartWithoutCapability(string name, TestFolder folder, params (string Name, string Value)[] settings) =>
        StartBehind(["setpriv", $"--bounding-set=-{name}", $"--inh-caps=-{name}"], folder, ["stdio"], settings);

    private static WorkerProcess StartAs(string? user, TestFolder folder, string[] arguments, (string Name, string Value)[] settings)
    {
        if (user is null) return StartBehind([], folder, arguments, settings);
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        return StartBehind(["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups"], folder, arguments, settings);
    }

    private static WorkerProcess StartBehind(string[] launcher, TestFolder folder, string[] arguments, (string Name, string Value)[] settings)
    {
        // The host of these tests is the very dotnet that can run the worker.
        string[] command = [.. launcher, Environment.ProcessPath!, System.IO.Path.Combine(AppContext.BaseDirectory, "CodeExec.Worker.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["HOME"] = folder.Path;
        start.Environment["PYTHON"] = TestService.Python;
        start.Environment["WORK_DIR"] = folder["work"];
        start.Environment["PACKAGE_CACHE_DIR"] = folder["cache"];
        start.Environment["PREWARM_REQUIREMENTS"] = folder["none.txt"];
        start.Environment["WHEEL_DIR"] = folder["no-wheels"];
        start.Environment["PIP_NO_INDEX"] = "1";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        return new WorkerProcess(start);
    }

    /// <summary>Opens a session when needed, and calls the tool.</summary>
    public async Task<JsonElement> CallAsync(int id, string code)
    {
        if (Lines.Received.Count == 0) await Lines.OpenAsync();
        return await Lines.CallAsync(id, code);
    }

    /// <summary>Sends SIGTERM.</summary>
    public void Terminate() => ProcessTable.Terminate(_process.Id);

    /// <summary>Closes its input and stops reading its output, as a client that dies does.</summary>
    public void CloseBoth()
    {
        _process.StandardInput.Close();
        _process.StandardOutput.BaseStream.Dispose();
    }

    /// <summary>Waits for its end alone.</summary>
    public async Task<int> CodeAsync()
    {
        await _process.WaitForExitAsync().Within();
        return _process.ExitCode;
    }

    /// <summary>Waits for its end; everything it said has arrived then.</summary>
    public async Task<(int Code, string Stderr)> ExitAsync()
    {
        await _process.WaitForExitAsync().Within();
        await Lines.Ended.Within();
        return (_process.ExitCode, await _stderr.Within());
    }

    /// <summary>Sends SIGKILL and waits for its end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Within();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }
}
