using System.Diagnostics;

namespace CodeExec.Tests.EndToEnd;

/// <summary>
/// A real process: its output is kept for the message of a failing test, every wait is bounded, and it is killed at the end if it still
/// runs.
/// </summary>
public sealed class RunningProgram : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private readonly Process _process;
    private readonly Task _reading;

    private RunningProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(Stdout.ReadAsync(process.StandardOutput), Stderr.ReadAsync(process.StandardError));
    }

    public OutputTranscript Stdout { get; } = new("stdout");

    public OutputTranscript Stderr { get; } = new("stderr");

    public int Pid => _process.Id;

    public string Transcript => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}\n{Stdout}\n{Stderr}";

    public static RunningProgram Start(string program, IEnumerable<string> arguments, ProgramSettings settings)
    {
        // A shell without job control starts what stands before & with SIGINT ignored, which is inherited: however the tests were
        // started, a program is to hear its Ctrl-C.
        var start = new ProcessStartInfo("/usr/bin/env", ["--default-signal=INT", program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = settings.WorkingDirectory,
        };
        foreach (var (name, value) in settings.Variables)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }
        return new RunningProgram(Process.Start(start)!);
    }

    /// <summary>A shell's command line, from the root of the checkout, as Heroku and foreman start a Procfile's lines.</summary>
    public static RunningProgram StartShell(string commandLine, ProgramSettings settings) => Start("/bin/bash", ["-c", commandLine], settings);

    public async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Sends a signal by its name, such as INT.</summary>
    public async Task SignalAsync(string name)
    {
        await using var kill = Start("/bin/bash", ["-c", $"kill -{name} {_process.Id}"], ProgramSettings.Inherited);
        Assert.Equal(0, (await kill.EndAsync()).ExitCode);
    }

    /// <summary>Waits for the process to end by itself.</summary>
    public async Task<ProgramEnd> EndAsync(TimeSpan? limit = null)
    {
        using var patience = new CancellationTokenSource(limit ?? Limit);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            await _reading.WaitAsync(patience.Token);
            return new ProgramEnd(_process.ExitCode, Stdout.Text, Stderr.Text);
        }
        catch (OperationCanceledException fault)
        {
            throw new TimeoutException($"This did not end within {limit ?? Limit}:\n{Transcript}", fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        using var patience = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(patience.Token);
        _process.Dispose();
    }
}

public sealed record ProgramEnd(int ExitCode, string Stdout, string Stderr);
