using System.Globalization;
using System.IO.Enumeration;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// Adds up the files that processes hold open and that no folder shows: those in memory (memfd, /dev/shm), and those that have no name any
/// more. Each counts once. One thread at a time.
/// </summary>
internal sealed class OpenFileMeter
{
    // More are held by nobody that stays below the limits on processes and open files.
    private const int MostFiles = 100_000;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = FileAttributes.None };
    private static readonly Lazy<HashSet<ulong>> InMemory = new(FindMemoryDevices);

    private readonly HashSet<(ulong Device, ulong Number)> _seen = [];
    private int _looked;

    /// <summary>What the files in memory take.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>What the nameless files take on the disk.</summary>
    public long NamelessBytes { get; private set; }

    /// <summary>Begins a new sum.</summary>
    public void Begin()
    {
        (MemoryBytes, NamelessBytes, _looked) = (0, 0, 0);
        _seen.Clear();
    }

    /// <summary>Adds what one process holds open.</summary>
    public void Add(int pid)
    {
        try
        {
            foreach (var path in new FileSystemEnumerable<string>(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/fd"), (ref entry) => entry.ToFullPath(), Everything))
            {
                if (_looked++ > MostFiles) return;
                if (FileStatus.Of(path, flags: 0) is not { } file) continue;
                var isInMemory = InMemory.Value.Contains(file.Device);
                if ((!isInMemory && file.Links > 0) || !_seen.Add((file.Device, file.Number))) continue;
                if (isInMemory) MemoryBytes += file.SpaceBytes;
                else NamelessBytes += file.SpaceBytes;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has ended, or hides itself from us.
        }
    }

    // Nameless files of the kernel's own file system (memfd, shared anonymous memory), and those of /dev/shm.
    private static unsafe HashSet<ulong> FindMemoryDevices()
    {
        var devices = new HashSet<ulong>();
        int file;
        fixed (byte* name = "device"u8) file = LibC.MemoryFile(name, 1);
        if (file >= 0)
        {
            if (FileStatus.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{file}"), flags: 0) is { } status) devices.Add(status.Device);
            _ = LibC.Close(file);
        }
        if (FileStatus.Of("/dev/shm", flags: 0) is { } folder) devices.Add(folder.Device);
        return devices;
    }
}
