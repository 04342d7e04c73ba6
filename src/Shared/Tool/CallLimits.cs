using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Jobs;
using CodeExec.Shared.Settings;

namespace CodeExec.Shared.Tool;

/// <summary>
/// The limits that a call may bring in its <c>_meta</c>, as <c>codeexec/NAME</c>: whole numbers, none above the setting that stands behind
/// it. Any thread.
/// </summary>
public static class CallLimits
{
    private const string Prefix = "codeexec/";
    private const long Megabyte = 1024 * 1024;

    /// <summary>One limit: its name, its setting, and how it is read and set.</summary>
    private sealed record Known(string Name, string Setting, long Least, Func<ToolOptions, long?> Most, Func<JobLimits, long, JobLimits> With);

    private static readonly Known[] All =
    [
        new("timeout_seconds", "EXEC_TIMEOUT_SECONDS", 1, options => (long)options.RunTimeout.TotalSeconds, (limits, value) => limits with { TimeoutSeconds = (int)value }),
        new("cpu_seconds", "CPU_LIMIT_SECONDS", 1, options => (long)options.Limits.CpuTime.TotalSeconds, (limits, value) => limits with { CpuSeconds = (int)value }),
        new("memory_mb", "MEMORY_LIMIT_MB", LimitOptions.LeastMemoryBytes / Megabyte, options => options.MostMemoryBytes / Megabyte, (limits, value) => limits with { MemoryMb = (int)value }),
        new("processes", "PROCESS_LIMIT", 1, options => options.Limits.Processes, (limits, value) => limits with { Processes = (int)value }),
        new("file_mb", "FILE_SIZE_LIMIT_MB", 1, options => options.Limits.FileBytes / Megabyte, (limits, value) => limits with { FileMb = (int)value }),
        new("disk_mb", "DISK_LIMIT_MB", 1, options => options.Limits.DiskBytes / Megabyte, (limits, value) => limits with { DiskMb = (int)value }),
        new("open_files", "OPEN_FILES_LIMIT", LimitOptions.LeastOpenFiles, options => options.Limits.OpenFiles, (limits, value) => limits with { OpenFiles = (int)value }),
        new("printed_bytes", "MAX_PRINTED_BYTES", 1024, options => options.MaxPrintedBytes, (limits, value) => limits with { PrintedBytes = value }),
    ];

    /// <summary>Reads a call's limits.</summary>
    /// <param name="meta">The request's <c>_meta</c> as it came; null when there was none.</param>
    /// <param name="options">The ceilings.</param>
    /// <returns>Null when it brings none.</returns>
    /// <exception cref="ToolCallException">One can't be used; the text says which, its value beside the limit, and what to send instead.</exception>
    public static JobLimits? Parse(JsonObject? meta, ToolOptions options)
    {
        JobLimits? limits = null;
        foreach (var (name, value) in meta ?? [])
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            var known = Array.Find(All, one => one.Name == name[Prefix.Length..])
                ?? throw new ToolCallException($"Unknown limit \"{Shown(name)}\" in _meta. There are {string.Join(", ", All.Select(one => Prefix + one.Name))}. Leave it out.");
            limits = known.With(limits ?? new JobLimits(), Read(known, value, options));
        }
        return limits;
    }

    private static long Read(Known limit, JsonNode? value, ToolOptions options)
    {
        var most = limit.Most(options);
        if (value is JsonValue number && number.GetValueKind() is JsonValueKind.Number && number.TryGetValue<long>(out var wanted))
        {
            if (wanted > most)
                throw new ToolCallException($"_meta \"{Prefix}{limit.Name}\" is {Text(wanted)}; the most is {Text(most.Value)}, which the server's {limit.Setting} sets. Send less, or leave it out.");
            if (wanted >= limit.Least && wanted <= (most ?? int.MaxValue)) return wanted;
        }
        var range = most is { } bound ? $"from {Text(Math.Min(limit.Least, bound))} to {Text(bound)}" : $"of {Text(limit.Least)} or more";
        throw new ToolCallException($"_meta \"{Prefix}{limit.Name}\" is {Shown(value?.ToJsonString() ?? "null")}; it must be a whole number {range}. Send such a number, or leave it out.");
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    // A value is repeated so that the caller finds it, but never at a length that would drown the message.
    private static string Shown(string text) => new string([.. text.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]) + (text.Length > 80 ? "…" : "");
}
