using System.Security.Cryptography;

namespace CodeExec.Worker.Execution;

/// <summary>
/// A private folder of this process below a shared parent, and the end of those that dead processes left there. A lock (flock(2)) that
/// the kernel drops with its holder tells the living from the dead, however they died. Any thread after creation.
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
        var path = System.IO.Path.Combine(parent, RandomNumberGenerator.GetHexString(8, lowercase: true));
        FolderTree.Create(path);
        return new OwnedFolder(path, new FileStream(System.IO.Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
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
            try
            {
                // A folder without its lock file is being made at this moment, or is none of ours.
                using var held = new FileStream(System.IO.Path.Combine(folder, LockName), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                FolderTree.Remove(folder);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Its owner lives, or another process sweeps it.
            }
        }
    }
}
