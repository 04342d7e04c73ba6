using System.Diagnostics;

namespace CodeExec.Bench;

/// <summary>The STDIO server from process start to the tool's result, as Heroku's agents meet it on a one-off dyno: the call follows the handshake.</summary>
internal sealed class StdioBench(BenchOptions options)
{
    private const string Initialize = """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}""";
    private const string Call = """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"code_exec_python","arguments":{"code":"print(2+2)"}}}""";

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        var bare = new BarePython(options.Python);
        var (ours, baseline) = (new Timings(), new Timings());
        await ServeAsync();
        for (var i = 0; i < Math.Max(10, options.Rounds / 5); i++)
        {
            await baseline.TakeAsync(() => bare.RunAsync("import numpy"));
            ours.Add(await ServeAsync());
        }
        report.Add("STDIO, process start to result / bare import numpy", ours, baseline);
    }

    // Milliseconds from the process's start to the call's answer.
    private async Task<double> ServeAsync()
    {
        var start = new ProcessStartInfo(options.Program("Worker"), ["stdio"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in options.Settings) start.Environment[name] = value;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var log = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync(Initialize);
        await process.StandardInput.FlushAsync();
        await process.StandardOutput.ReadLineAsync();
        await process.StandardInput.WriteLineAsync(Call);
        await process.StandardInput.FlushAsync();
        var answer = await process.StandardOutput.ReadLineAsync();
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        if (answer?.Contains("\"id\":2", StringComparison.Ordinal) != true) throw new InvalidOperationException($"No answer: {answer} {await log}");
        return elapsed;
    }
}
