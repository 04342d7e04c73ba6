using System.Runtime.InteropServices;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// The names in one folder as the kernel tells them (getdents(2)). They are bytes: what isn't UTF-8 could not be asked for by the text that
/// .NET makes of it. One thread.
/// </summary>
internal sealed unsafe class FolderListing : IDisposable
{
    private const int BufferBytes = 32 * 1024;

    private readonly int _folder;
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(BufferBytes);
    private nint _length;
    private nint _at;

    private FolderListing(int folder) => _folder = folder;

    /// <summary>Opens a folder; null when it is gone, is none, or can't be entered.</summary>
    /// <param name="path">Its path, ended by NUL.</param>
    public static FolderListing? Open(ReadOnlySpan<byte> path)
    {
        fixed (byte* name = path)
            return FolderDescriptor.Open(LibC.RelativeToWorkingDirectory, name) is >= 0 and var folder ? new FolderListing(folder) : null;
    }

    /// <summary>The next name, ended by NUL, good until the next is asked for.</summary>
    public bool TryNext(out ReadOnlySpan<byte> name)
    {
        while (true)
        {
            if (_at >= _length)
            {
                (_length, _at) = (LibC.ReadFolder(_folder, _buffer, BufferBytes), 0);
                if (_length <= 0)
                {
                    name = default;
                    return false;
                }
            }
            // struct linux_dirent64: its length at 16, its name from 19 on.
            var entry = _buffer + _at;
            _at += *(ushort*)(entry + 16);
            var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(entry + 19);
            if (text.SequenceEqual("."u8) || text.SequenceEqual(".."u8)) continue;
            name = new ReadOnlySpan<byte>(entry + 19, text.Length + 1);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_buffer);
        _ = LibC.Close(_folder);
    }
}
