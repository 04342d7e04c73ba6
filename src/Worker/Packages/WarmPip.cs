using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Packages;

/// <summary>
/// A Python that has pip imported and waits for commands (<c>python/warm_pip.py</c>): asking it what a set is made of takes 45 to 65 ms, a
/// Python of its own 577 ms. One command at a time; it ends with this process, however that ends.
/// </summary>
internal sealed partial class WarmPip : IDisposable
{
    private const string Ready = "ready";
    private const uint OwnerOnly = 0x180;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _python;
    private readonly StreamReader _output;
    private readonly FileStream _requests;

    private WarmPip(ChildProcess python, FileStream requests)
    {
        (_python, _requests) = (python, requests);
        _output = new StreamReader(python.Stdout, Encoding.UTF8);
    }

    /// <summary>Whether it can still be asked.</summary>
    public bool Lives => !_python.Exited.IsCompleted;

    /// <summary>Starts one; returns when pip is imported.</summary>
    /// <param name="interpreter">Whose pip.</param>
    /// <param name="folder">Where the fifo is made; it is gone afterwards.</param>
    /// <param name="user">Who it runs as.</param>
    /// <param name="confinement">What confines it, and all that it runs.</param>
    /// <param name="cancel">Ends the start.</param>
    /// <exception cref="IOException">It ended at once, or the fifo can't be made.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, or took too long.</exception>
    public static async Task<WarmPip> StartAsync(PythonInterpreter interpreter, string folder, ForeignUser user, Confinement confinement, CancellationToken cancel)
    {
        var fifo = Path.Combine(folder, JobId.Create());
        if (MakeFifo(fifo, OwnerOnly) != 0) throw new IOException($"No fifo could be made in {folder}: {Marshal.GetLastPInvokeErrorMessage()}.");
        WarmPip? started = null;
        try
        {
            // Both ways, so that opening waits for nobody; Python sees the end when this process ends.
            var requests = new FileStream(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            user.Give(fifo);
            var command = new ChildCommand(interpreter.Path, ["-I", "-c", PythonScripts.Text("warm_pip.py"), fifo], CodeEnvironment.Inherited(), "/", MergeStderr: true, confinement);
            started = new WarmPip(ChildProcess.Start(command), requests);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(StartLimit);
            while (await started._output.ReadLineAsync(limit.Token) is var line && line != Ready)
                if (line is null) throw new IOException($"{interpreter.Path} with pip imported ended at once.");
            return started;
        }
        catch
        {
            started?.Dispose();
            throw;
        }
        finally
        {
            File.Delete(fifo);
        }
    }

    /// <summary>Runs one command to its end. When this throws, this process has to be ended (<see cref="EndAsync"/>): the command may still run.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="line">Told each line.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<ChildExit> RunAsync(PipCommand command, Action<string> line, CancellationToken cancel)
    {
        var mark = $"{JobId.Create()} ";
        var request = new JsonObject
        {
            ["mark"] = mark.TrimEnd(),
            ["arguments"] = new JsonArray([.. command.Arguments.Select(argument => (JsonNode)argument)]),
            ["environment"] = new JsonObject(command.Environment.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["directory"] = command.Scratch,
        };
        await _requests.WriteAsync(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"), cancel);
        while (await _output.ReadLineAsync(cancel) is { } read)
        {
            if (read.StartsWith(mark, StringComparison.Ordinal)) return new ChildExit(int.Parse(read.AsSpan(mark.Length), CultureInfo.InvariantCulture));
            line(read);
        }
        return await _python.Exited.WaitAsync(cancel);
    }

    /// <summary>Ends it with whatever it runs, and waits until all of that is gone.</summary>
    public async Task EndAsync(TimeProvider time)
    {
        await _python.StopAsync(TimeSpan.Zero, time);
        using var limit = new CancellationTokenSource(EndLimit, time);
        try
        {
            // A forked child is nobody's to wait for; its end of the pipe tells.
            while (await _output.ReadLineAsync(limit.Token) is not null) continue;
        }
        catch (OperationCanceledException)
        {
            // The kernel holds it; it was told to end.
        }
        Dispose();
    }

    /// <summary>Ends it without waiting.</summary>
    public void Dispose()
    {
        _python.Dispose();
        _output.Dispose();
        _requests.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);
}
