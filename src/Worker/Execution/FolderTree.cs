namespace CodeExec.Worker.Execution;

/// <summary>Makes and removes folders whose content may have been arranged by somebody hostile. Any thread.</summary>
internal static class FolderTree
{
    /// <summary>The mode of a folder that its owner alone can enter.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes a folder that its owner alone can enter.</summary>
    public static void Create(string path) => Directory.CreateDirectory(path, Private);

    /// <summary>Removes a folder with everything in it, following no link. A folder that is gone already is fine.</summary>
    /// <returns>Whether it is gone.</returns>
    public static bool Remove(string path)
    {
        if (TryDelete(path)) return true;
        // Code may have taken the rights away from its own folders; the owner can give them back.
        Unlock(path);
        return TryDelete(path);
    }

    private static bool TryDelete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Unlock(string root)
    {
        var waiting = new Stack<string>([root]);
        while (waiting.TryPop(out var folder))
        {
            try
            {
                File.SetUnixFileMode(folder, Private);
                foreach (var below in new DirectoryInfo(folder).EnumerateDirectories())
                    if (below.LinkTarget is null) waiting.Push(below.FullName);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // What can't be unlocked fails again in the delete that follows, where it is reported.
            }
        }
    }
}
