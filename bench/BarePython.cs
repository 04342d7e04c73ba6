using System.Diagnostics;

namespace CodeExec.Bench;

/// <summary>The baseline: a new <c>python3 -c</c> per call, its output read through a pipe, as the reference app does it.</summary>
internal sealed class BarePython(string python)
{
    /// <summary>Runs one program to its end.</summary>
    /// <param name="code">The program.</param>
    /// <param name="modulePath">A folder of packages; null for none.</param>
    public async Task RunAsync(string code, string? modulePath = null)
    {
        var start = new ProcessStartInfo(python, ["-c", code]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        if (modulePath is not null) start.Environment["PYTHONPATH"] = modulePath;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, error, process.WaitForExitAsync());
        if (process.ExitCode != 0) throw new InvalidOperationException($"{python} ended with code {process.ExitCode}: {error.Result}");
    }
}
