using System.Globalization;

namespace CodeExec.Shared.Settings;

/// <summary>Reads who may call over HTTP, and how much.</summary>
internal static class CallerSettings
{
    private const int MostAtOnce = 10_000;
    private const int MostPerMinute = 1_000_000;

    /// <summary>Reads API_KEY.</summary>
    public static List<ApiKey> ReadKeys(SettingsReader reader)
    {
        var keys = new List<ApiKey>();
        foreach (var part in Parts(reader.Text("API_KEY")))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            var key = colon < 0 ? new ApiKey("default", part) : new ApiKey(part[..colon].Trim(), part[(colon + 1)..].Trim());
            // The text after the name is a secret and stays out of every message.
            if (key.Name.Length == 0 || key.Value.Length == 0)
                reader.Fault("API_KEY has an entry without a name or without a key; write one key, or name:key,name:key.");
            else if (key.Value.Any(c => c is <= ' ' or > '~'))
                reader.Fault($"API_KEY's key \"{key.Name}\" has a character that can't stand in an HTTP header; use printable ASCII without spaces.");
            else if (keys.Exists(other => other.Name == key.Name))
                reader.Fault($"API_KEY names \"{key.Name}\" twice; give every key its own name.");
            else if (keys.Find(other => other.Value == key.Value) is { } same)
                reader.Fault($"API_KEY has the same key for \"{same.Name}\" and \"{key.Name}\", which could then not be told apart; give every name its own key.");
            else
                keys.Add(key);
        }
        return keys;
    }

    /// <summary>Reads MAX_CALLS_PER_KEY and MAX_CALLS_PER_MINUTE.</summary>
    public static CallerLimits ReadLimits(SettingsReader reader, List<ApiKey> keys, ExecutionOptions execution)
    {
        // One key alone has the whole service: whatever it is kept from, nobody else gets.
        var several = keys.Count > 1;
        return new CallerLimits(
            (int)reader.Number("MAX_CALLS_PER_KEY", several ? Math.Max(1, execution.Concurrency / 2) : 1000, 1, MostAtOnce, "calls", "half of WORKER_CONCURRENCY with several keys, else 1000"),
            (int)reader.Number("MAX_CALLS_PER_MINUTE", several ? 6000 : 0, 0, MostPerMinute, "calls", "6000 with several keys, else 0"));
    }

    /// <summary>Reads KEY_LIMITS: <c>name:calls at once:calls per minute</c>, comma-separated.</summary>
    public static Dictionary<string, CallerLimits> ReadKeyLimits(SettingsReader reader, List<ApiKey> keys)
    {
        var limits = new Dictionary<string, CallerLimits>(StringComparer.Ordinal);
        foreach (var part in Parts(reader.Text("KEY_LIMITS")))
        {
            var fields = part.Split(':', StringSplitOptions.TrimEntries);
            if (fields.Length != 3 || !IsNumber(fields[1], 1, MostAtOnce, out var atOnce) || !IsNumber(fields[2], 0, MostPerMinute, out var perMinute))
                reader.Fault($"KEY_LIMITS has the entry \"{part}\"; write name:calls at once:calls per minute, such as ci:4:60, with 1 to {MostAtOnce} calls at once and 0 (any number) to {MostPerMinute} a minute.");
            else if (!keys.Exists(key => key.Name == fields[0]))
                reader.Fault($"KEY_LIMITS names \"{fields[0]}\", which API_KEY doesn't; use the name of one of its keys.");
            else if (!limits.TryAdd(fields[0], new CallerLimits(atOnce, perMinute)))
                reader.Fault($"KEY_LIMITS names \"{fields[0]}\" twice; give every key one entry.");
        }
        return limits;
    }

    private static string[] Parts(string? list) => (list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static bool IsNumber(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most;
}
