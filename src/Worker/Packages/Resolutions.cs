using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Remembers which wheels a set was resolved to, so that its environment can be put together again without pip. An answer is good for some
/// hours, since an index may have something newer by then, and only while the local wheel folders look as they did. Any thread.
/// </summary>
internal sealed class Resolutions(PackageOptions options, TimeProvider time)
{
    private static readonly TimeSpan GoodFor = TimeSpan.FromHours(6);

    private readonly string _folder = Path.Combine(options.CacheDirectory, "resolutions");

    /// <summary>The wheels of an environment by their names in the store; null when that isn't known, or no longer.</summary>
    /// <param name="key">The environment's.</param>
    public IReadOnlyList<string>? Find(string key)
    {
        var file = FileOf(key);
        if (IsOld(file)) return null;
        try
        {
            var known = JsonNode.Parse(File.ReadAllText(file))!;
            return known["sources"]!.GetValue<string>() == Sources() ? [.. known["wheels"]!.AsArray().Select(wheel => wheel!.GetValue<string>())] : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or NullReferenceException)
        {
            // Never known, or thrown away by another process meanwhile.
            return null;
        }
    }

    /// <summary>Keeps an answer, and throws old ones away.</summary>
    /// <param name="key">The environment's.</param>
    /// <param name="wheels">Their names in the store.</param>
    /// <param name="scratch">A folder on the same file system.</param>
    public void Remember(string key, IEnumerable<string> wheels, string scratch)
    {
        FolderTree.Create(_folder);
        foreach (var old in Directory.EnumerateFiles(_folder).Where(IsOld)) File.Delete(old);
        var prepared = Path.Combine(scratch, $"{key}.json");
        File.WriteAllText(prepared, new JsonObject { ["sources"] = Sources(), ["wheels"] = new JsonArray([.. wheels.Select(wheel => (JsonNode)wheel)]) }.ToJsonString());
        File.SetLastWriteTimeUtc(prepared, time.GetUtcNow().UtcDateTime);
        File.Move(prepared, FileOf(key), overwrite: true);
    }

    private string FileOf(string key) => Path.Combine(_folder, $"{key}.json");

    private bool IsOld(string file) => time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(file) > GoodFor;

    // What pip's settings name on this disk: wheel folders, and files of constraints and the like. Names, sizes and times tell a change.
    private string Sources()
    {
        var seen = new StringBuilder();
        foreach (var word in options.PipEnvironment.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        {
            var path = Uri.TryCreate(word, UriKind.Absolute, out var address) && address.IsFile ? address.LocalPath : word;
            // pip works in a folder of its own, so a relative path names nothing.
            if (!Path.IsPathRooted(path)) continue;
            if (File.Exists(path)) Add(seen, new FileInfo(path));
            else if (Directory.Exists(path))
                foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", new EnumerationOptions()).OrderBy(file => file.Name, StringComparer.Ordinal)) Add(seen, file);
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(seen.ToString())));
    }

    private static void Add(StringBuilder seen, FileInfo file) =>
        seen.Append(CultureInfo.InvariantCulture, $"{file.FullName}\0{file.Length}\0{file.LastWriteTimeUtc.Ticks}\0");
}
