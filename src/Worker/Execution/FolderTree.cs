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
}
