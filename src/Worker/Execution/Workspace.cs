using System.Text;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A private folder: <c>home</c> (working directory and HOME, with <c>main.py</c>) and <c>tmp</c> (TMPDIR). One job at a time has it; a fork
/// server has one, too. Removed when disposed, whatever the code did to it.
/// </summary>
internal sealed class Workspace : IDisposable
{
    private readonly string _root;
    private readonly Action<string> _leftBehind;

    private Workspace(string root, Action<string> leftBehind)
    {
        _root = root;
        _leftBehind = leftBehind;
        Home = Path.Combine(root, "home");
        Temporary = Path.Combine(root, "tmp");
        MainFile = Path.Combine(Home, "main.py");
    }

    /// <summary>The working directory.</summary>
    public string Home { get; }

    /// <summary>Where temporary files go.</summary>
    public string Temporary { get; }

    /// <summary>The code's file.</summary>
    public string MainFile { get; }

    /// <summary>The folder itself, with all that is in it.</summary>
    public string Root => _root;

    /// <summary>The folder that a program dates at its exit code when it ends, in seconds since 1970.</summary>
    public string DatedFolder => _root;

    /// <summary>Makes a folder.</summary>
    /// <param name="path">Its path; the parent is the process's own folder.</param>
    /// <param name="leftBehind">Told the path when it can't be removed at the end.</param>
    /// <exception cref="IOException">The disk is full, or the folder can't be made.</exception>
    public static Workspace Create(string path, Action<string> leftBehind)
    {
        var workspace = new Workspace(path, leftBehind);
        try
        {
            FolderTree.Create(workspace._root);
            FolderTree.Create(workspace.Home);
            FolderTree.Create(workspace.Temporary);
            return workspace;
        }
        catch
        {
            workspace.Dispose();
            throw;
        }
    }

    /// <summary>Puts a program into its place, as a new file.</summary>
    /// <exception cref="IOException">The disk is full, or the folder isn't as it was.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder isn't as it was.</exception>
    public void WriteMain(string code)
    {
        using var file = File.OpenHandle(MainFile, FileMode.CreateNew, FileAccess.Write);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(code), 0);
    }

    /// <summary>Makes it fit for another program, if this one left nothing in it and did nothing to it.</summary>
    public bool TryReset()
    {
        try
        {
            File.Delete(MainFile);
            Directory.SetLastWriteTimeUtc(DatedFolder, DateTime.UtcNow);
            return Directory.EnumerateFileSystemEntries(_root).All(path => path == Home || path == Temporary) && IsAsMade(Home) && IsAsMade(Temporary);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!FolderTree.Remove(_root)) _leftBehind(_root);
    }

    private static bool IsAsMade(string folder) =>
        new DirectoryInfo(folder) is { Exists: true, LinkTarget: null, UnixFileMode: FolderTree.Private } && !Directory.EnumerateFileSystemEntries(folder).Any();
}
