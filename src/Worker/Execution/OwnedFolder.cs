using CodeExec.Shared.Jobs;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A private folder of this process below a shared parent, and the end of those that dead processes left there, with the jobs that still
/// run in them. A lock (flock(2)) that the kernel drops with its holder tells the living from the dead, however they died. Any thread
/// after creation.
/// </summary>
public sealed class OwnedFolder : IDisposable
{
    private const string LockName = ".owner";
    private readonly FileStream _lock;

    private OwnedFolder(string path, FileStream ownerLock)
    {
        Path = path;
        _lock = ownerLock;
    }

    /// <summary>The folder, readable by its owner alone.</summary>
    public string Path { get; }

    /// <summary>Sweeps what dead processes left, then makes this process's folder.</summary>
    /// <param name="parent">Made when missing.</param>
    /// <exception cref="IOException">The parent can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The parent can't be written.</exception>
    public static OwnedFolder Create(string parent)
    {
        FolderTree.Create(parent);
        Sweep(parent);
        var name = JobId.Create();
        var (path, aside) = (System.IO.Path.Combine(parent, name), System.IO.Path.Combine(parent, "." + name));
        // Gets its name once it is locked: another process's sweep would take it for a dead one's in between.
        FolderTree.Create(aside);
        var ownerLock = new FileStream(System.IO.Path.Combine(aside, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.Move(aside, path);
        return new OwnedFolder(path, ownerLock);
    }

    /// <summary>Removes the folder and what is in it.</summary>
    public void Dispose()
    {
        FolderTree.Remove(Path);
        _lock.Dispose();
    }

    private static void Sweep(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent))
        {
            if (System.IO.Path.GetFileName(folder).StartsWith('.')) continue;
            try
            {
                // A folder without its lock file is none of ours.
                using var held = new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                LeftoverProcesses.End(folder);
                FolderTree.Remove(folder);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Its owner lives, or another process sweeps it.
            }
        }
    }
}

/// <summary>
/// A process's folder, made when it is first needed. That it couldn't be made is not remembered: the disk that is full now may have room
/// at the next call. Any thread.
/// </summary>
/// <param name="parent">Made when missing.</param>
/// <param name="user">Who may pass through it to what is below.</param>
internal sealed class OwnedFolderOnDemand(string parent, ForeignUser user) : IDisposable
{
    private readonly Lock _lock = new();
    private OwnedFolder? _folder;

    /// <summary>The folder.</summary>
    /// <exception cref="IOException">The parent can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The parent can't be written.</exception>
    public string Path
    {
        get
        {
            lock (_lock)
            {
                if (_folder is not null) return _folder.Path;
                _folder = OwnedFolder.Create(parent);
                user.LetThrough(parent);
                user.LetThrough(_folder.Path);
                return _folder.Path;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock) _folder?.Dispose();
    }
}
