namespace CodeExec.Worker.Execution;

/// <summary>
/// The private folder of one job: <c>home</c> (its working directory and HOME, with <c>main.py</c>) and <c>tmp</c> (TMPDIR). Removed when
/// disposed, whatever the code did to it.
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
    }

    /// <summary>The working directory.</summary>
    public string Home { get; }

    /// <summary>Where temporary files go.</summary>
    public string Temporary { get; }

    /// <summary>The code's file.</summary>
    public string MainFile => Path.Combine(Home, "main.py");

    /// <summary>Makes a job's folder.</summary>
    /// <param name="parent">The process's own folder.</param>
    /// <param name="jobId">Names the folder.</param>
    /// <param name="leftBehind">Told the path when it can't be removed at the end.</param>
    /// <exception cref="IOException">The disk is full, or the folder can't be made.</exception>
    public static Workspace Open(string parent, string jobId, Action<string> leftBehind)
    {
        var workspace = new Workspace(Path.Combine(parent, jobId), leftBehind);
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

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!FolderTree.Remove(_root)) _leftBehind(_root);
    }
}
