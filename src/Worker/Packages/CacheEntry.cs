using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// A folder of the package cache that never changes once it is in its place: an environment, or an unpacked wheel. It counts as there when
/// its manifest is, and a shared lock (flock(2)) on the manifest says that it is in use, in whatever process. Any thread.
/// </summary>
/// <param name="Root">Its folder.</param>
/// <param name="Manifest">The file that says what is in it.</param>
internal sealed record CacheEntry(string Root, string Manifest)
{
    // Touching a file at every job would only cost; for choosing what to evict a minute is exact enough.
    private static readonly TimeSpan UseResolution = TimeSpan.FromMinutes(1);

    // An eviction that stands in the way takes one rename.
    private const int PublishAttempts = 50;

    /// <summary>Takes the folder into use until the result is disposed; null when it isn't there.</summary>
    public FileStream? TryHold(TimeProvider time)
    {
        FileStream manifest;
        try
        {
            manifest = new FileStream(Manifest, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Not there, or being evicted at this moment.
            return null;
        }
        MarkUsed(time.GetUtcNow().UtcDateTime);
        return manifest;
    }

    /// <summary>Puts a finished folder in its place and takes it into use. When another process was first, its folder is taken and ours dropped.</summary>
    /// <param name="build">The folder it was made in, on the same file system.</param>
    /// <param name="manifest">The manifest's text; it is written last.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The place can't be taken.</exception>
    public FileStream Publish(string build, string manifest, TimeProvider time)
    {
        var prepared = Path.Combine(build, Path.GetFileName(Manifest));
        File.WriteAllText(prepared, manifest);
        FolderTree.Create(Path.GetDirectoryName(Root)!);
        // Held before anybody can see it: in a cache that is too small it would be evicted before its first use.
        var held = new FileStream(prepared, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        try
        {
            for (var attempt = 1; !TryMove(build, Root, lastAttempt: attempt == PublishAttempts); attempt++)
            {
                if (TryHold(time) is { } first)
                {
                    held.Dispose();
                    FolderTree.Remove(build);
                    return first;
                }
                // Half removed by somebody: nobody can hold it, and it would stand in the way for ever. It goes with the build's folder.
                if (!File.Exists(Manifest)) TryMove(Root, $"{build}.damaged{attempt}", lastAttempt: false);
                // Another process evicts it at this moment.
                else Thread.Sleep(1);
            }
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Removes the folder unless it is in use.</summary>
    /// <param name="trash">A folder of this process on the same file system.</param>
    /// <returns>Whether it is gone.</returns>
    public bool TryRemove(string trash)
    {
        try
        {
            // Fails while anybody holds it. Moved away in one step, so that nobody sees half of it.
            using var unused = new FileStream(Manifest, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            var moved = Path.Combine(trash, Path.GetFileName(Root));
            Directory.Move(Root, moved);
            return FolderTree.Remove(moved);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The bytes of all files below a folder.</summary>
    public static long SizeOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length);

    private static bool TryMove(string from, string to, bool lastAttempt)
    {
        try
        {
            Directory.Move(from, to);
            return true;
        }
        catch (IOException) when (!lastAttempt)
        {
            return false;
        }
    }

    private void MarkUsed(DateTime now)
    {
        try
        {
            if (now - File.GetLastWriteTimeUtc(Manifest) > UseResolution) File.SetLastWriteTimeUtc(Manifest, now);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A cache that is read-only here is evicted by whoever may write it.
        }
    }
}
