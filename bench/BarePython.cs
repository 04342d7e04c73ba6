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

    /// <summary>What an interpreter holds in memory after running a program, in MB.</summary>
    public static async Task<double> ResidentAsync(string python, string code)
    {
        var start = new ProcessStartInfo(python, ["-c", code + "\nprint(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var kilobytes = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return double.Parse(kilobytes, System.Globalization.CultureInfo.InvariantCulture) / 1024;
    }
}
