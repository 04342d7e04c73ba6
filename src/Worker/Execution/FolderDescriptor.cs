using System.Runtime.InteropServices;
using System.Text;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Execution;

/// <summary>Opens folders that code may have locked: it takes the rights away from its own, and the owner can give them back. Any thread.</summary>
internal static unsafe class FolderDescriptor
{
    private const int PermissionDenied = 13;

    /// <summary>Opens a folder, never through a link in its place.</summary>
    /// <param name="above">The folder that it is in, or <see cref="LibC.RelativeToWorkingDirectory"/>.</param>
    /// <param name="name">Its name or path, ended by NUL.</param>
    /// <returns>Its descriptor; -1 with errno set when it can't be entered.</returns>
    public static int Open(int above, byte* name)
    {
        var folder = LibC.OpenAt(above, name, LibC.OpenReadOnly | LibC.OpenFolder | LibC.OpenNoLink | LibC.OpenCloseOnExec);
        if (folder >= 0 || Marshal.GetLastPInvokeError() != PermissionDenied) return folder;
        var locked = LibC.OpenAt(above, name, LibC.OpenPath | LibC.OpenFolder | LibC.OpenNoLink | LibC.OpenCloseOnExec);
        if (locked < 0) return -1;
        // By its descriptor, which is this folder whatever has its name by now.
        fixed (byte* path = Encoding.UTF8.GetBytes($"/proc/self/fd/{locked}\0")) _ = LibC.ChangeMode(path, (uint)FolderTree.Private);
        _ = LibC.Close(locked);
        return LibC.OpenAt(above, name, LibC.OpenReadOnly | LibC.OpenFolder | LibC.OpenNoLink | LibC.OpenCloseOnExec);
    }
}
