using System.Globalization;
using CodeExec.Tests.Support;

namespace CodeExec.Tests.Queue;

/// <summary>
/// What code under test leaves outside its own folder: one line for each time it ran, with its process. So a job that runs twice, or goes
/// on although nobody wants it, can't hide. The code goes on until the test lets it end.
/// </summary>
internal sealed class RunLedger(string folder) : IDisposable
{
    private readonly string _ledger = Shared(folder);

    /// <summary>Python that signs the ledger, prints "started NAME", waits for the gate and prints "ended NAME".</summary>
    /// <remarks>It also ends with the test's folder, and after two minutes: a killed worker can't end it.</remarks>
    public string Waiting(string name, string gate = "gate") => $"""
        import os, time
        {Signing(name)}
        last = time.monotonic() + 120
        while os.path.isdir({Quoted(folder)}) and not os.path.exists({Quoted(Path.Combine(folder, gate))}) and time.monotonic() < last: time.sleep(0.05)
        print('ended {name}', flush=True)
        """;

    /// <summary>Python that signs the ledger, prints "started NAME" and ends.</summary>
    public string Short(string name) => $"import os\n{Signing(name)}";

    /// <summary>Lets all code that waits end.</summary>
    public void OpenGate(string gate = "gate") => File.WriteAllText(Path.Combine(folder, gate), "");

    /// <summary>All names, once for each run.</summary>
    public IEnumerable<string> Names() => Lines().Select(line => line[0]);

    /// <summary>Waits until the process of the one run of this name is gone.</summary>
    public Task EndedAsync(string name)
    {
        var pid = Pid(name);
        return Eventually.HoldsAsync(() => ProcessTable.HasEnded(pid), $"an end of {name}, process {pid}");
    }

    /// <summary>Whether the process of the one run of this name is there.</summary>
    public bool IsRunning(string name) => !ProcessTable.HasEnded(Pid(name));

    public void Dispose() => File.Delete(_ledger);

    // Where confined code can write: as a file that is there before, since what code itself makes there is removed after it.
    private static string Shared(string folder)
    {
        var path = $"/dev/shm/{Path.GetFileName(folder)}-ledger";
        File.WriteAllText(path, "");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        return path;
    }

    private static string Quoted(string path) => $"'{path}'";

    // One write of one line in append mode: lines of several processes don't mix.
    private string Signing(string name) => $$"""
        ledger = os.open({{Quoted(_ledger)}}, os.O_WRONLY | os.O_APPEND)
        os.write(ledger, f'{{name}} {os.getpid()}\n'.encode())
        print('started {{name}}', flush=True)
        """;

    private int Pid(string name) => int.Parse(Lines().Single(line => line[0] == name)[1], CultureInfo.InvariantCulture);

    private List<string[]> Lines() => [.. File.ReadAllLines(_ledger).Select(line => line.Split(' '))];
}
