using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// The one place outside its folder where code can make files: named shared memory and semaphores, which multiprocessing needs. What a job leaves
/// there is removed, where the user that it runs as tells whose it is: one of its own, or ours when nobody else has it. Any thread.
/// </summary>
public sealed unsafe class SharedMemory : IDisposable
{
    private const string Folder = "/dev/shm";
    private const uint Birth = 0x800;
    private const uint Wanted = 0x8 | 0x40 | 0x80 | 0x100 | 0x400;

    // What jobs leave waits for a look that costs more than so much memory is worth; the next to end may come within milliseconds.
    private const long MostWaitingBytes = 16 * 1024 * 1024;

    // The clock of file times moves in steps of up to 10 ms (CONFIG_HZ=100).
    private const long ClockStep = 20 * TimeSpan.TicksPerMillisecond;

    // Finding out who holds a file, or has our user, reads /proc, files for every process of the host.
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly uint? _owner;
    private readonly bool _isOurs;
    private readonly long _since;
    private readonly Lock _lock = new();
    private readonly Lock _lookLock = new();
    private readonly ITimer _later;
    private readonly uint _wanted;
    private readonly SortedDictionary<long, int> _starts = [];
    private readonly HashSet<ulong> _held = [];
    private bool _isAlone = true;
    private bool _isPostponed;
    private long? _endLookedAt;
    private long _lookedAt;
    private long _emptyAt;

    /// <summary>Removes nothing yet.</summary>
    /// <param name="user">Who code runs as. Where that is root, nothing is removed: much else may be root's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="asksForBirth">Whether the kernel is asked when files were made: those before Linux 5.18 don't know.</param>
    internal SharedMemory(ForeignUser user, TimeProvider time, bool asksForBirth = true)
    {
        (_time, _wanted) = (time, asksForBirth ? Wanted | Birth : Wanted);
        _later = time.CreateTimer(_ => LookLater(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _owner = user.Id ?? (Environment.IsPrivilegedProcess ? null : OwnUser.Id);
        _isOurs = user.Id is null;
        _since = _isOurs ? DateTime.UtcNow.Ticks : 0;
    }

    /// <summary>A job starts. Tell its end with what this returns.</summary>
    internal long Started()
    {
        var now = DateTime.UtcNow.Ticks;
        lock (_lock) _starts[now] = _starts.GetValueOrDefault(now) + 1;
        return now;
    }

    /// <summary>
    /// Nothing of a job runs any more: what is older than every job that does, and held by nobody, is removed. Of many ends in a second only the
    /// first looks, and one that finds much; a little that is left then goes at the end of that second.
    /// </summary>
    /// <param name="started">What its <see cref="Started"/> returned.</param>
    internal void Ended(long started)
    {
        lock (_lock)
            if (--_starts[started] == 0) _starts.Remove(started);
        RemoveLeft(isDue: false);
    }

    /// <summary>
    /// Removes what nobody holds as soon as it takes more than this together, also while its job runs: it is in memory, and counts for no job.
    /// </summary>
    /// <param name="bytes">What it may take, from 1 on.</param>
    /// <returns>What was removed, in bytes; 0 when it took less.</returns>
    internal long Bound(long bytes) => Remove(_ => true, bytes, isDue: true);

    /// <summary>Removes what waits; call it when no job runs any more.</summary>
    public void Dispose()
    {
        _later.Dispose();
        lock (_lookLock)
            if (!_isPostponed) return;
        RemoveLeft(isDue: true);
    }

    private void LookLater()
    {
        lock (_lookLock) _isPostponed = false;
        try
        {
            RemoveLeft(isDue: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The next end of a job looks again.
        }
    }

    private void RemoveLeft(bool isDue)
    {
        long oldest;
        lock (_lock) oldest = _starts.Count > 0 ? _starts.First().Key - ClockStep : long.MaxValue;
        Remove(file => file.Birth < oldest, beyondBytes: 0, isDue);
    }

    private long Remove(Predicate<SharedFile> isWanted, long beyondBytes, bool isDue)
    {
        if (_owner is null || Changed() is not { } changed || changed == Interlocked.Read(ref _emptyAt)) return 0;
        lock (_lookLock)
        {
            var looked = DateTime.UtcNow.Ticks;
            var files = Files();
            // A folder that changed in this step of the clock may change again without showing it.
            Interlocked.Exchange(ref _emptyAt, files.Count == 0 && looked - changed > ClockStep ? changed : 0);
            files.RemoveAll(file => !isWanted(file));
            // What a job held until its end is let go with it, so an end asks again.
            if ((beyondBytes > 0 || !_isAlone) && _time.GetElapsedTime(_lookedAt) < KnownFor) files.RemoveAll(file => _held.Contains(file.Inode));
            if (files.Count == 0 || files.Sum(file => file.Bytes) <= beyondBytes) return 0;
            if (!isDue && MayWait(files)) return 0;

            _isAlone = !_isOurs || OwnUser.IsOursAlone();
            // As root without a right that containers often withhold (CAP_SYS_PTRACE) it can not be seen what jobs hold.
            var held = _isAlone ? HeldByAnybody() : null;
            _lookedAt = _time.GetTimestamp();
            if (beyondBytes == 0) _endLookedAt = _lookedAt;
            _held.Clear();
            var removed = 0L;
            foreach (var file in files)
            {
                // Another worker of this host may have given the same user to its jobs: what somebody holds is not left over.
                if (held?.Contains(file.Inode) != false) _held.Add(file.Inode);
                else if (FolderRemoval.Remove(file.Path)) removed += file.Bytes;
            }
            return removed;
        }
    }

    // Under the lock.
    private bool MayWait(List<SharedFile> files)
    {
        if (_endLookedAt is not { } looked || _time.GetElapsedTime(looked) >= KnownFor) return false;
        if (files.Where(file => !_held.Contains(file.Inode)).Sum(file => file.Bytes) > MostWaitingBytes) return false;
        if (!_isPostponed) _later.Change(KnownFor, Timeout.InfiniteTimeSpan);
        _isPostponed = true;
        return true;
    }

    private List<SharedFile> Files()
    {
        var files = new List<SharedFile>();
        using var listing = FolderListing.Open("/dev/shm\0"u8);
        while (listing?.TryNext(out var name) == true)
        {
            byte[] path = [.. "/dev/shm/"u8, .. name];
            if (Look(path, LibC.FollowNoLink, _wanted) is var (owner, file, _) && owner == _owner && file.Birth >= _since) files.Add(file);
        }
        return files;
    }

    private static long? Changed() => Look("/dev/shm\0"u8.ToArray(), flags: 0, Wanted)?.Changed;

    // By number: a semaphore's holders have it under the name that it was made with, before it got its own (sem_open(3)).
    // Null when that can't be told.
    private HashSet<ulong>? HeldByAnybody()
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
                {
                    var target = new FileInfo(descriptor).LinkTarget;
                    if (target?.StartsWith(Folder + '/', StringComparison.Ordinal) == false) continue;
                    if (Look(Encoding.UTF8.GetBytes(descriptor + '\0'), flags: 0, Wanted) is { } open) held.Add(open.File.Inode);
                    else if (Marshal.GetLastPInvokeError() == LibC.AccessDenied && OwnUser.Has(process, _owner!.Value)) return null;
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is another user's, who has none of our files.
            }
        }
        return held;
    }

    // struct statx of statx(2): what of it is told at 0, the owner at 20, the inode at 32, blocks of 512 bytes at 48; birth, change of the file and of
    // its content at 80, 96 and 112, in seconds and nanoseconds. A file was never made after its last change, whose time nobody can set.
    private static (uint Owner, SharedFile File, long Changed)? Look(byte[] path, int flags, uint wanted)
    {
        var status = stackalloc byte[LibC.FileStatusSize];
        fixed (byte* name = path)
            if (LibC.StatX(LibC.RelativeToWorkingDirectory, name, flags, wanted, status) != 0) return null;
        var birth = Ticks(status + ((*(uint*)status & Birth) != 0 ? 80 : 96));
        return (*(uint*)(status + 20), new SharedFile(path, *(ulong*)(status + 32), Math.Max(*(long*)(status + 48) * 512, FolderMeter.LeastEntryBytes), birth), Ticks(status + 112));
    }

    private static long Ticks(byte* time) => DateTime.UnixEpoch.Ticks + (*(long*)time * TimeSpan.TicksPerSecond) + (*(uint*)(time + 8) / 100);

    private sealed record SharedFile(byte[] Path, ulong Inode, long Bytes, long Birth);
}
