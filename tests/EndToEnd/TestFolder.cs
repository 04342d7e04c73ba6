namespace CodeExec.Tests.EndToEnd;

/// <summary>A folder for one test class, removed afterwards.</summary>
public sealed class TestFolder : IDisposable
{
    public TestFolder()
    {
        // Code may run as another user, who must get to what is its own below.
        File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("codeexec-test-").FullName;

    public ProgramSettings Settings => ProgramSettings.Clean(Path);

    public void Dispose()
    {
        try { Directory.Delete(Path, recursive: true); }
        catch (IOException) { /* A process that is just ending still writes there; the system's own clean-up gets the rest. */ }
    }
}
