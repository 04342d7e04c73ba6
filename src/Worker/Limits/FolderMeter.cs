using System.Text;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Limits;

/// <summary>
/// Adds up what a folder takes on the disk while a program changes it, a slice at a time: a hundred thousand entries take 0.3 s. Files count
/// with the space that they take, holes don't; one with several names counts once. One thread measures; any may dispose.
/// </summary>
internal sealed class FolderMeter(string root) : IDisposable
{
    /// <summary>What each entry counts at least: names and inodes take space too, and each costs time to remove.</summary>
    public const long LeastEntryBytes = 4096;

    // Names longer than the kernel takes (PATH_MAX, 4096) can't be looked at; a program that isn't hostile nests no folder like that.
    private const int LongestPathBytes = 3800;

    // Without their paths, which all together may be hundreds of times as long as their names.
    private readonly Queue<Folder> _folders = new();
    private readonly HashSet<ulong> _linked = [];
    private readonly Lock _lock = new();
    private bool _disposed;
    private FolderListing? _current;
    private Folder? _folder;

    // That of the folder, then that of what is in it; most jobs are never looked at.
    private byte[]? _path;
    private long _sum;

    /// <summary>What was found: the last whole sum, or that of the round that is under way when it is more already.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether folders are nested too deep to be looked at.</summary>
    public bool IsTooDeep { get; private set; }

    /// <summary>Goes on with the sum.</summary>
    /// <param name="enough">Asked now and then; true ends this slice.</param>
    /// <returns>Whether a round has come to its end: the next call begins another.</returns>
    public bool GoOn(Func<bool> enough)
    {
        lock (_lock) return _disposed || GoOnHeld(enough);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _current?.Dispose();
        }
    }

    private bool GoOnHeld(Func<bool> enough)
    {
        var path = _path ??= new byte[2 * LongestPathBytes];
        if (_current is null && _folders.Count == 0) _folders.Enqueue(new Folder(null, Encoding.UTF8.GetBytes(root)));
        var looked = 0;
        while (_current is not null || _folders.Count > 0)
        {
            if (_current is null)
            {
                if (++looked % 64 == 0 && enough()) return false;
                _folder = _folders.Dequeue();
                _folder.WriteTo(path);
                _current = FolderListing.Open(path);
            }
            while (_current?.TryNext(out var name) == true)
            {
                path[_folder!.PathBytes] = (byte)'/';
                name.CopyTo(path.AsSpan(_folder.PathBytes + 1));
                Add(path, _folder, name[..^1]);
                if (++looked % 64 == 0 && enough()) return false;
            }
            _current?.Dispose();
            _current = null;
        }
        (Bytes, _sum) = (_sum, 0);
        _linked.Clear();
        return true;
    }

    private void Add(byte[] path, Folder above, ReadOnlySpan<byte> name)
    {
        if (FileStatus.Of(path, LibC.FollowNoLink) is not { } status) return;
        if (status.IsFolder)
        {
            if (above.PathBytes + 1 + name.Length < LongestPathBytes) _folders.Enqueue(new Folder(above, name.ToArray()));
            else IsTooDeep = true;
        }
        if (status.Links > 1 && !status.IsFolder && !_linked.Add(status.Number)) _sum += LeastEntryBytes;
        else _sum += Math.Max(status.SpaceBytes, LeastEntryBytes);
        if (_sum > Bytes) Bytes = _sum;
    }

    private sealed class Folder(Folder? above, byte[] name)
    {
        public int PathBytes { get; } = name.Length + (above is null ? 0 : above.PathBytes + 1);

        /// <summary>Writes its path, ended by NUL.</summary>
        public void WriteTo(Span<byte> path)
        {
            path[PathBytes] = 0;
            for (var folder = this; folder is not null; folder = folder.Above)
            {
                folder.Name.CopyTo(path[(folder.PathBytes - folder.Name.Length)..]);
                if (folder.Above is not null) path[folder.Above.PathBytes] = (byte)'/';
            }
        }

        private Folder? Above => above;

        private byte[] Name => name;
    }
}
