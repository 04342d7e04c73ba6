using System.Text.Json.Nodes;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// The environments on disk: found by key, put in place whole, evicted least recently used. Several processes may share the folder; a file
/// lock (flock(2)) on an environment's manifest says that it is in use. Any thread.
/// </summary>
public sealed partial class EnvironmentStore(PackageOptions options, TimeProvider time, ILogger<EnvironmentStore> log)
{
    // Touching a file at every job would only cost; for choosing what to evict a minute is exact enough.
    private static readonly TimeSpan UseResolution = TimeSpan.FromMinutes(1);

    private readonly string _environments = Path.Combine(options.CacheDirectory, "environments");

    /// <summary>Where an environment with this key is, or would be.</summary>
    public PackageEnvironment Locate(string key, PythonInterpreter interpreter) =>
        new(key, Path.Combine(_environments, key), interpreter.MinorVersion) { StandardModules = interpreter.StandardModules };

    /// <summary>Takes an environment into use; null when there is none.</summary>
    public EnvironmentLease? TryLease(PackageEnvironment environment)
    {
        FileStream manifest;
        try
        {
            manifest = new FileStream(environment.Manifest, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Not there, or being evicted at this moment.
            return null;
        }
        MarkUsed(environment);
        return new EnvironmentLease(environment, manifest);
    }

    /// <summary>Puts a finished build in its place. When another process was first, its environment stays and ours is dropped.</summary>
    /// <param name="build">The folder it was built in, on the same file system.</param>
    /// <param name="environment">Its place.</param>
    /// <param name="requirements">For the manifest.</param>
    public void Publish(string build, PackageEnvironment environment, IEnumerable<PackageRequirement> requirements)
    {
        var manifest = new JsonObject
        {
            ["requirements"] = new JsonArray([.. requirements.Select(requirement => (JsonNode)requirement.Text)]),
            ["bytes"] = SizeOf(build),
        };
        File.WriteAllText(Path.Combine(build, Path.GetFileName(environment.Manifest)), manifest.ToJsonString());
        FolderTree.Create(_environments);
        try
        {
            Directory.Move(build, environment.Root);
        }
        catch (IOException) when (File.Exists(environment.Manifest))
        {
            FolderTree.Remove(build);
        }
        catch (IOException) when (Directory.Exists(environment.Root))
        {
            // Half removed by somebody: nobody can lease it, and it would stand in the way for ever. It goes with the build's folder.
            Directory.Move(environment.Root, Path.Combine(Path.GetDirectoryName(build)!, "damaged"));
            Directory.Move(build, environment.Root);
        }
    }

    /// <summary>Removes the least recently used environments until the rest fits. Those in use stay.</summary>
    /// <param name="keep">The keys of those that stay in any case: the bases that calls without packages use.</param>
    /// <param name="trash">A folder of this process on the same file system.</param>
    public void Evict(IReadOnlyCollection<string> keep, string trash)
    {
        var entries = Directory.EnumerateDirectories(_environments)
            .Select(root => (Root: root, Manifest: new FileInfo(Path.Combine(root, "environment.json"))))
            .Where(entry => entry.Manifest.Exists)
            .OrderBy(entry => entry.Manifest.LastWriteTimeUtc)
            .Select(entry => (entry.Root, entry.Manifest, Bytes: SizeInManifest(entry.Manifest)))
            .ToList();
        var total = entries.Sum(entry => entry.Bytes);
        foreach (var (root, manifest, bytes) in entries)
        {
            if (total <= options.CacheMaxBytes) return;
            if (bytes == 0 || keep.Contains(Path.GetFileName(root), StringComparer.Ordinal) || !TryRemove(root, manifest, trash)) continue;
            total -= bytes;
            LogEvicted(Path.GetFileName(root), bytes / 1024 / 1024, total / 1024 / 1024, options.CacheMaxBytes / 1024 / 1024);
        }
    }

    private static bool TryRemove(string root, FileInfo manifest, string trash)
    {
        try
        {
            // Fails while any job holds its lease. Moved away in one step, so that nobody sees half of it.
            using var unused = new FileStream(manifest.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            var moved = Path.Combine(trash, Path.GetFileName(root));
            Directory.Move(root, moved);
            return FolderTree.Remove(moved);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void MarkUsed(PackageEnvironment environment)
    {
        var now = time.GetUtcNow().UtcDateTime;
        try
        {
            if (now - File.GetLastWriteTimeUtc(environment.Manifest) > UseResolution) File.SetLastWriteTimeUtc(environment.Manifest, now);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A cache that is read-only here is evicted by whoever may write it.
        }
    }

    private static long SizeInManifest(FileInfo manifest)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(manifest.FullName))?["bytes"]?.GetValue<long>() ?? 0;
        }
        catch (Exception fault) when (fault is IOException or System.Text.Json.JsonException)
        {
            // Evicted by another process meanwhile.
            return 0;
        }
    }

    private static long SizeOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length);

    [LoggerMessage(410, LogLevel.Information, "Package environment {Key} ({Megabytes} MB) was evicted; {Total} MB remain of {Limit} MB allowed")]
    private partial void LogEvicted(string key, long megabytes, long total, long limit);
}
