using System.Globalization;
using System.Text;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// The one place outside its folder where code can make files: named shared memory and semaphores, which multiprocessing needs. What a job leaves
/// there is removed, where the user that it runs as tells whose it is. Any thread.
/// </summary>
/// <param name="user">Who code runs as; where that is us, nothing is removed: much else may be ours.</param>
internal sealed unsafe class SharedMemory(ForeignUser user)
{
    private const string Folder = "/dev/shm";
    private const uint OwnerInodeAndBirth = 0x8 | 0x100 | 0x800;
    private const int FollowNoLink = 0x100;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, int> _starts = [];

    /// <summary>A job starts. Tell its end with what this returns.</summary>
    public long Started()
    {
        var now = DateTime.UtcNow.Ticks;
        lock (_lock) _starts[now] = _starts.GetValueOrDefault(now) + 1;
        return now;
    }

    /// <summary>Nothing of a job runs any more: what is older than every job that does is nobody's.</summary>
    public void Ended(long started)
    {
        long oldest;
        lock (_lock)
        {
            if (--_starts[started] == 0) _starts.Remove(started);
            oldest = _starts.Count > 0 ? _starts.First().Key : long.MaxValue;
        }
        if (user.Id is not { } owner || !Directory.Exists(Folder)) return;
        var left = Left(owner, oldest);
        if (left.Count == 0) return;
        // Another worker of this host may have given the same user to its jobs: what somebody holds is not left over.
        var held = HeldByAnybody();
        foreach (var (path, inode) in left)
            if (!held.Contains(inode)) _ = FolderRemoval.Remove(path);
    }

    private static List<(byte[] Path, ulong Inode)> Left(uint owner, long oldest)
    {
        var left = new List<(byte[] Path, ulong Inode)>();
        using var listing = FolderListing.Open("/dev/shm\0"u8);
        while (listing?.TryNext(out var name) == true)
        {
            byte[] path = [.. "/dev/shm/"u8, .. name];
            if (Look(path, FollowNoLink) is var (uid, birth, inode) && uid == owner && birth < oldest) left.Add((path, inode));
        }
        return left;
    }

    // By number: a semaphore's holders have it under the name that it was made with, before it got its own (sem_open(3)).
    private static HashSet<ulong> HeldByAnybody()
    {
        var held = new HashSet<ulong>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(process["/proc/".Length])) continue;
            try
            {
                foreach (var mapping in File.ReadLines(Path.Combine(process, "maps")))
                    if (mapping.Contains(Folder + '/', StringComparison.Ordinal) && mapping.Split(' ') is { Length: > 5 } fields && ulong.TryParse(fields[4], CultureInfo.InvariantCulture, out var inode)) held.Add(inode);
                foreach (var descriptor in Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd")))
                    if (new FileInfo(descriptor).LinkTarget?.StartsWith(Folder + '/', StringComparison.Ordinal) == true && Look(Encoding.UTF8.GetBytes(descriptor + '\0'), flags: 0) is { } open) held.Add(open.Inode);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }
        return held;
    }

    // struct statx of statx(2): the owner at 20, the inode at 32, the birth at 80 in seconds and nanoseconds.
    private static (uint Owner, long Birth, ulong Inode)? Look(byte[] path, int flags)
    {
        var status = stackalloc byte[256];
        fixed (byte* name = path)
            if (LibC.StatX(LibC.RelativeToWorkingDirectory, name, flags, OwnerInodeAndBirth, status) != 0) return null;
        return (*(uint*)(status + 20), DateTime.UnixEpoch.Ticks + (*(long*)(status + 80) * TimeSpan.TicksPerSecond) + (*(uint*)(status + 88) / 100), *(ulong*)(status + 32));
    }
}
