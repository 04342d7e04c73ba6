using System.Runtime.InteropServices;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>What statx(2) tells of a file that .NET has no words for: how much space it really takes, and which file it is.</summary>
/// <param name="Device">The file system.</param>
/// <param name="Number">Its inode's number there.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="SpaceBytes">The space that it takes: less than its length when it has holes.</param>
/// <param name="IsFolder">Whether it is a folder; a link to one isn't.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileStatus(ulong Device, ulong Number, uint Links, long SpaceBytes, bool IsFolder)
{
    private const uint Wanted = 0x0001 | 0x0004 | 0x0100 | 0x0400;

    /// <summary>Asks for a file; null when there is none that we may see.</summary>
    /// <param name="path">The file.</param>
    /// <param name="flags">0 follows a link at the path's end, <see cref="LibC.FollowNoLink"/> doesn't.</param>
    public static unsafe FileStatus? Of(string path, int flags)
    {
        var name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            return Of(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)name), flags);
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }

    /// <summary>The same by a path that need not be UTF-8, with a NUL right behind it.</summary>
    public static unsafe FileStatus? Of(ReadOnlySpan<byte> path, int flags)
    {
        var status = stackalloc byte[LibC.FileStatusSize];
        fixed (byte* name = path)
            if (LibC.StatX(LibC.RelativeToWorkingDirectory, name, flags, Wanted, status) != 0) return null;
        // struct statx is the same everywhere: stx_nlink at 16, stx_mode 28, stx_ino 32, stx_blocks 48 (of 512 bytes), stx_dev_major 136, stx_dev_minor 140.
        var device = ((ulong)*(uint*)(status + 136) << 32) | *(uint*)(status + 140);
        return new FileStatus(device, *(ulong*)(status + 32), *(uint*)(status + 16), *(long*)(status + 48) * 512, (*(ushort*)(status + 28) & 0xF000) == 0x4000);
    }
}
