using System.ComponentModel;
using System.Diagnostics;

namespace CodeExec.Tests.Support;

/// <summary>A fifo: code that opens it for reading waits until the test opens it, so that a test decides when code goes on.</summary>
internal sealed class NamedPipe : IDisposable
{
    public NamedPipe(string path)
    {
        Path = path;
        using var made = Process.Start("mkfifo", ["-m", "666", path]);
        made.WaitForExit();
        if (made.ExitCode != 0) throw new Win32Exception($"{path} could not be made.");
    }

    public string Path { get; }

    /// <summary>Lets the reader go on, at the end of the file. One that never comes fails the test.</summary>
    public void Open() => Task.Run(() =>
    {
        using var pipe = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        pipe.Write("go\n"u8);
    }).Within().GetAwaiter().GetResult();

    /// <summary>Waits until somebody has written a line, and returns it.</summary>
    public Task<string> ReadAsync() => Task.Run(() => File.ReadAllText(Path)).Within();

    public void Dispose() => File.Delete(Path);
}
