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
    public static bool Remove(string path) => FolderRemoval.Remove(path);

    /// <summary>Gives the owner's rights to a folder back to the owner, if that can be done.</summary>
    public static void Unlock(string path)
    {
        try
        {
            File.SetUnixFileMode(path, Private);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Then it can't be entered, which whoever wants to notices.
        }
    }
}
