using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using CodeExec.Shared.Jobs;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Execution;

/// <summary>
/// Removes a folder with everything in it, whatever somebody hostile arranged there: it follows no link, even one that takes a folder's place
/// meanwhile, needs two descriptors and no deeper stack for any depth, and no path that might be too long. A folder within a folder that isn't
/// empty is moved up to the top and has its turn there. One thread.
/// </summary>
internal sealed unsafe class FolderRemoval : IDisposable
{
    private const int NoSuchFile = 2, NoFolder = 20, IsFolder = 21, NotPermitted = 1, LinkLoop = 40;
    private const int BufferBytes = 32 * 1024;

    // 100,000 entries take a second; this is for those who make them as fast as they go.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly int _top;
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(2 * BufferBytes);

    private FolderRemoval(int top) => _top = top;

    /// <summary>Removes a folder. One that is gone already is fine.</summary>
    /// <returns>Whether it is gone.</returns>
    public static bool Remove(string path) => Remove(Encoding.UTF8.GetBytes(path + '\0'));

    /// <summary>The same by a path that need not be UTF-8, ended by NUL.</summary>
    public static bool Remove(byte[] name)
    {
        fixed (byte* place = name)
        {
            var top = Open(LibC.RelativeToWorkingDirectory, place);
            if (top < 0)
                return Marshal.GetLastPInvokeError() switch
                {
                    NoSuchFile => true,
                    // Something else took its place.
                    NoFolder or LinkLoop => LibC.UnlinkAt(LibC.RelativeToWorkingDirectory, place, 0) == 0,
                    _ => false,
                };
            using (var removal = new FolderRemoval(top))
                if (!removal.Empty(top)) return false;
            return LibC.UnlinkAt(LibC.RelativeToWorkingDirectory, place, LibC.RemoveFolder) == 0 || Marshal.GetLastPInvokeError() == NoSuchFile;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_buffer);
        _ = LibC.Close(_top);
    }

    // To the end of a look that finds nothing: removing while reading may hide some, and what is moved up comes later.
    private bool Empty(int folder)
    {
        var buffer = folder == _top ? _buffer : _buffer + BufferBytes;
        while (true)
        {
            _ = LibC.Seek(folder, 0, 0);
            var (found, removed) = (0, 0);
            nint length;
            while ((length = LibC.ReadFolder(folder, buffer, BufferBytes)) > 0)
            {
                // struct linux_dirent64: its length at 16, its name from 19 on; see getdents(2).
                for (nint at = 0; at < length; at += *(ushort*)(buffer + at + 16))
                {
                    var name = buffer + at + 19;
                    if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
                    found++;
                    if (RemoveEntry(folder, name)) removed++;
                }
            }
            if (length < 0 || (found > 0 && removed == 0) || Stopwatch.GetElapsedTime(_began) > Limit) return false;
            if (found == 0) return true;
        }
    }

    private bool RemoveEntry(int folder, byte* name)
    {
        if (LibC.UnlinkAt(folder, name, 0) == 0) return true;
        if (Marshal.GetLastPInvokeError() is not (IsFolder or NotPermitted)) return Marshal.GetLastPInvokeError() == NoSuchFile;
        if (LibC.UnlinkAt(folder, name, LibC.RemoveFolder) == 0) return true;
        return folder == _top ? RemoveFolder(name) : MoveUp(folder, name);
    }

    private bool RemoveFolder(byte* name)
    {
        var folder = Open(_top, name);
        if (folder < 0) return false;
        try
        {
            if (!Empty(folder)) return false;
        }
        finally
        {
            _ = LibC.Close(folder);
        }
        return LibC.UnlinkAt(_top, name, LibC.RemoveFolder) == 0;
    }

    private bool MoveUp(int folder, byte* name)
    {
        fixed (byte* place = Encoding.UTF8.GetBytes(JobId.Create() + '\0'))
        {
            if (LibC.RenameAt(folder, name, _top, place) == 0) return true;
            // Its entry for the folder above changes, too, which takes the right to write to it.
            var inside = Open(folder, name);
            if (inside < 0) return false;
            _ = LibC.Close(inside);
            return LibC.RenameAt(folder, name, _top, place) == 0;
        }
    }

    private static int Open(int above, byte* name)
    {
        var folder = FolderDescriptor.Open(above, name);
        if (folder >= 0) _ = LibC.ChangeModeOf(folder, (uint)FolderTree.Private);
        return folder;
    }
}
