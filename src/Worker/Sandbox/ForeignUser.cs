using System.ComponentModel;
using System.Runtime.InteropServices;

namespace CodeExec.Worker.Sandbox;

/// <summary>Who a confined process runs as: a user that owns nothing but what it is given. Any thread.</summary>
/// <param name="Id">User and group; null where it runs as we do.</param>
internal sealed record ForeignUser(uint? Id)
{
    /// <summary>Our own user.</summary>
    public static readonly ForeignUser Ourselves = new((uint?)null);

    /// <summary>Gives it one file or folder.</summary>
    /// <exception cref="IOException">It isn't there, or the file system knows no owners.</exception>
    public void Give(string path)
    {
        if (Id is { } id && Kernel.ChangeOwnerOfLink(path, id, id) != 0) throw Refused(path);
    }

    /// <summary>Gives it what a descriptor stands for. A pipe that isn't its own can't be opened again by name (<c>/dev/stdout</c>).</summary>
    public void Give(int descriptor)
    {
        if (Id is { } id) _ = Kernel.ChangeOwner(descriptor, id, id);
    }

    /// <summary>Takes a folder back with all that is in it, following no link: from then on it can't change it any more.</summary>
    /// <exception cref="IOException">Something of it can't be taken.</exception>
    public void TakeBack(string folder)
    {
        if (Id is null) return;
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        if (Kernel.ChangeOwnerOfLink(folder, 0, 0) != 0) throw Refused(folder);
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", everything))
            if (Kernel.ChangeOwnerOfLink(path, 0, 0) != 0) throw Refused(path);
    }

    /// <summary>Lets it pass through a folder of ours to what it knows the name of; it can't list it.</summary>
    public void LetThrough(string folder)
    {
        const UnixFileMode Pass = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (Id is null || File.GetUnixFileMode(folder) is var mode && (mode & Pass) == Pass) return;
        File.SetUnixFileMode(folder, mode | Pass);
    }

    /// <summary>The first folder on the way to a path that it can't enter; null when it can reach it, as far as rights tell.</summary>
    /// <param name="path">A path that need not be there yet.</param>
    /// <param name="ours">Folders that we make, and would let it through.</param>
    public string? StoppedAt(string path, params ReadOnlySpan<string> ours)
    {
        if (Id is null) return null;
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(path)); folder is not null; folder = Path.GetDirectoryName(folder))
            if (Directory.Exists(folder) && !ours.Contains(folder) && !File.GetUnixFileMode(folder).HasFlag(UnixFileMode.OtherExecute)) return folder;
        return null;
    }

    private static IOException Refused(string path) =>
        new($"{path} could not be given to another user: {Marshal.GetLastPInvokeErrorMessage()}.", new Win32Exception(Marshal.GetLastPInvokeError()));
}
