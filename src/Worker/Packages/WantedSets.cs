using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// Counts which sets of packages calls ask for, in one small file of the package cache that outlives environments and interpreters. Counted
/// in memory and written now and then, so a killed process loses a minute of it. Several processes may share the file. Any thread.
/// </summary>
internal sealed class WantedSets(PackageOptions options, TimeProvider time) : IDisposable
{
    private const int MostKept = 200;
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(30);
    private static readonly TimeSpan WriteInterval = TimeSpan.FromMinutes(1);

    private readonly string _file = Path.Combine(options.CacheDirectory, "wanted.json");
    private readonly Lock _lock = new();
    private readonly Dictionary<string, WantedSet> _unwritten = new(StringComparer.Ordinal);
    private DateTimeOffset _lastWrite = DateTimeOffset.MinValue;

    /// <summary>Counts one call.</summary>
    /// <param name="requirements">The set it asked for.</param>
    public void Count(IReadOnlyList<PackageRequirement> requirements)
    {
        var now = time.GetUtcNow();
        var wanted = new WantedSet([.. requirements.DistinctBy(requirement => requirement.Text).OrderBy(requirement => requirement.Text, StringComparer.Ordinal)], 1, now);
        lock (_lock)
        {
            // Where nothing can be written, it must not grow for ever.
            if (_unwritten.Count < MostKept) Add(_unwritten, wanted);
            if (now - _lastWrite < WriteInterval) return;
            _lastWrite = now;
            Write();
        }
    }

    /// <summary>The sets that were asked for most, most first.</summary>
    /// <param name="most">No more than so many.</param>
    public IReadOnlyList<WantedSet> Top(int most)
    {
        lock (_lock)
        {
            Write();
            try
            {
                using var file = new FileStream(_file, FileMode.Open, FileAccess.Read, FileShare.Read);
                return [.. Read(file).Values.OrderByDescending(wanted => wanted.Calls).ThenByDescending(wanted => wanted.LastCall).Take(most)];
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Nobody asked for anything yet, or another process writes at this moment.
                return [];
            }
        }
    }

    /// <summary>Writes what isn't written yet.</summary>
    public void Dispose()
    {
        lock (_lock) Write();
    }

    private void Write()
    {
        if (_unwritten.Count == 0) return;
        try
        {
            FolderTree.Create(options.CacheDirectory);
            // Locked from reading to writing: another process's counts must not get lost.
            using var file = new FileStream(_file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var all = Read(file);
            foreach (var wanted in _unwritten.Values) Add(all, wanted);
            var kept = all.Values.Where(wanted => time.GetUtcNow() - wanted.LastCall < KeptFor).OrderByDescending(wanted => wanted.LastCall).Take(MostKept);
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(new JsonArray([.. kept.Select(ToJson)]).ToJsonString()));
            _unwritten.Clear();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Another process writes, or the cache is read-only here: next time, or never. It is advice, not a promise.
        }
    }

    private static Dictionary<string, WantedSet> Read(FileStream file)
    {
        var all = new Dictionary<string, WantedSet>(StringComparer.Ordinal);
        try
        {
            file.Position = 0;
            foreach (var entry in JsonNode.Parse(file)!.AsArray())
                if (FromJson(entry!) is { } wanted) Add(all, wanted);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or NullReferenceException)
        {
            // New, or cut short by a crash: counted from here on.
        }
        return all;
    }

    private static void Add(Dictionary<string, WantedSet> all, WantedSet wanted)
    {
        var key = string.Join('\n', wanted.Requirements);
        all[key] = all.TryGetValue(key, out var known) ? wanted with { Calls = wanted.Calls + known.Calls } : wanted;
    }

    private static JsonNode ToJson(WantedSet wanted) => new JsonObject
    {
        ["requirements"] = new JsonArray([.. wanted.Requirements.Select(requirement => (JsonNode)requirement.Text)]),
        ["calls"] = wanted.Calls,
        ["lastCall"] = wanted.LastCall.ToUnixTimeSeconds(),
    };

    private static WantedSet? FromJson(JsonNode entry)
    {
        var requirements = new List<PackageRequirement>();
        foreach (var text in entry["requirements"]!.AsArray())
        {
            // The folder may be older than today's rules.
            if (PackageRequirement.TryParse(text!.GetValue<string>(), out var requirement) is not null) return null;
            requirements.Add(requirement!);
        }
        return new WantedSet(requirements, entry["calls"]!.GetValue<long>(), DateTimeOffset.FromUnixTimeSeconds(entry["lastCall"]!.GetValue<long>()));
    }
}
