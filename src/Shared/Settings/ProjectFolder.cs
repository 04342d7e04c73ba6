namespace CodeExec.Shared.Settings;

/// <summary>The folder of the project that the running program was published in. Any thread.</summary>
public static class ProjectFolder
{
    // The working directory is the user's own and may hold a file of the same name that has nothing to do with this service.
    private static readonly Lazy<string?> Root = new(Find);

    /// <summary>Where a file or folder of the project is, whether it exists or not; null when the program stands outside of one.</summary>
    /// <param name="name">Its path from the root.</param>
    public static string? PathOf(string name) => Root.Value is { } root ? Path.Combine(root, name) : null;

    // The folder above the published binaries that holds the Procfile.
    private static string? Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Procfile"))) folder = folder.Parent;
        return folder?.FullName;
    }
}
