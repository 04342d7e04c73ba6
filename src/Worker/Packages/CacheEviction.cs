using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Keeps the package cache within its size: removes what was used longest ago and isn't in use. A wheel goes after the last environment
/// that shares its files, since before that nothing would be won. Any thread.
/// </summary>
internal sealed partial class CacheEviction(PackageOptions options, ILogger<CacheEviction> log)
{
    /// <summary>Removes environments and wheels until the rest fits. Those in use stay.</summary>
    /// <param name="keep">The keys of the environments that stay in any case: the bases that calls without packages use.</param>
    /// <param name="trash">A folder of this process on the same file system.</param>
    public void Run(IReadOnlyCollection<string> keep, string trash)
    {
        var environments = Content(EnvironmentStore.FolderName, "*", PackageEnvironment.ManifestName).ToList();
        var wheels = Content(WheelStore.FolderName, "*/*", StoredWheel.ManifestName).ToDictionary(wheel => wheel.Name, StringComparer.Ordinal);
        var total = environments.Sum(environment => environment.Bytes) + wheels.Values.Sum(wheel => wheel.Bytes);
        if (total <= options.CacheMaxBytes) return;

        var sharers = environments.SelectMany(environment => environment.Wheels).GroupBy(wheel => wheel, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var oldestFirst = new PriorityQueue<Kept, DateTime>();
        foreach (var environment in environments.Where(environment => !keep.Contains(environment.Name, StringComparer.Ordinal))) oldestFirst.Enqueue(environment, environment.LastUse);
        foreach (var wheel in wheels.Values.Where(wheel => !sharers.ContainsKey(wheel.Name))) oldestFirst.Enqueue(wheel, wheel.LastUse);
        while (total > options.CacheMaxBytes && oldestFirst.TryDequeue(out var oldest, out var lastUse))
        {
            if (!oldest.Entry.TryRemove(trash)) continue;
            total -= oldest.Bytes;
            LogEvicted(oldest.Name, oldest.Bytes / 1024 / 1024, total / 1024 / 1024, options.CacheMaxBytes / 1024 / 1024);
            // A wheel was last of use when its last environment was.
            foreach (var name in oldest.Wheels)
                if (--sharers[name] == 0 && wheels.TryGetValue(name, out var wheel)) oldestFirst.Enqueue(wheel, lastUse);
        }
    }

    private IEnumerable<Kept> Content(string folder, string pattern, string manifestName)
    {
        var root = Path.Combine(options.CacheDirectory, folder);
        if (!Directory.Exists(root)) yield break;
        var parents = pattern == "*" ? [root] : Directory.EnumerateDirectories(root);
        foreach (var place in parents.SelectMany(Directory.EnumerateDirectories))
            if (Read(new CacheEntry(place, Path.Combine(place, manifestName)), Path.GetRelativePath(root, place)) is { } kept)
                yield return kept;
    }

    private static Kept? Read(CacheEntry entry, string name)
    {
        try
        {
            var manifest = JsonNode.Parse(File.ReadAllText(entry.Manifest))!;
            return new Kept(
                entry, name, File.GetLastWriteTimeUtc(entry.Manifest), manifest["bytes"]!.GetValue<long>(),
                [.. manifest["wheels"]?.AsArray().Select(wheel => wheel!.GetValue<string>()) ?? []]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or NullReferenceException)
        {
            // Evicted by another process meanwhile.
            return null;
        }
    }

    [LoggerMessage(410, LogLevel.Information, "{Name} ({Megabytes} MB) was evicted from the package cache; {Total} MB remain of {Limit} MB allowed")]
    private partial void LogEvicted(string name, long megabytes, long total, long limit);

    /// <summary>One folder as eviction sees it.</summary>
    private sealed record Kept(CacheEntry Entry, string Name, DateTime LastUse, long Bytes, IReadOnlyList<string> Wheels);
}
