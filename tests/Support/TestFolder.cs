namespace CodeExec.Tests.Support;

/// <summary>A private folder of one test, gone when disposed.</summary>
internal sealed class TestFolder : IDisposable
{
    public TestFolder()
    {
        // Code may run as another user, who must get to what is its own below.
        File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("codeexec-test-").FullName;

    /// <summary>The path of something in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The path of a file where confined code can meet a test: all else it shares with nobody. Gone with the folder.</summary>
    public string Shared(string name) => $"/dev/shm/{System.IO.Path.GetFileName(Path)}-{name}";

    /// <summary>The same, as an empty file that code may write to: what code itself made there is removed after it.</summary>
    public string SharedFile(string name)
    {
        File.WriteAllText(Shared(name), "");
        File.SetUnixFileMode(Shared(name), (UnixFileMode)0b110_110_110);
        return Shared(name);
    }

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    /// <summary>Every file and folder below the path, links not followed.</summary>
    public static IReadOnlyList<string> Content(string path) => !Directory.Exists(path)
        ? []
        : [.. Directory.EnumerateFileSystemEntries(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false })];

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        foreach (var shared in Directory.EnumerateFiles("/dev/shm", System.IO.Path.GetFileName(Path) + "-*")) File.Delete(shared);
    }
}
