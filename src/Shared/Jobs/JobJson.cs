using System.Text.Json;
using System.Text.Json.Serialization;
using CodeExec.Shared.Packages;

namespace CodeExec.Shared.Jobs;

/// <summary>How jobs and their events travel between processes: UTF-8 JSON. Any thread.</summary>
/// <remarks>A deploy runs old and new processes side by side: a member may be added, never renamed or given another meaning.</remarks>
public static class JobJson
{
    /// <summary>Writes a job.</summary>
    public static byte[] Write(ExecutionJob job) =>
        JsonSerializer.SerializeToUtf8Bytes(new WireJob(job.Id, job.Code, [.. job.Packages.Select(package => package.Text)], job.ClientName, job.Limits, job.IsFollowed), JobJsonContext.Default.WireJob);

    /// <summary>Reads a job.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static ExecutionJob ReadJob(ReadOnlySpan<byte> json)
    {
        var wire = JsonSerializer.Deserialize(json, JobJsonContext.Default.WireJob);
        if (wire is not { Id: not null, Code: not null, Packages: not null }) throw new JsonException("The job lacks its id, its code or its packages.");
        return new ExecutionJob(wire.Id, wire.Code, [.. wire.Packages.Select(ReadPackage)], wire.Client, wire.Limits, wire.Followed ?? true);
    }

    /// <summary>Writes an event.</summary>
    /// <param name="jobId">Whose it is.</param>
    /// <param name="happened">The event.</param>
    public static byte[] Write(string jobId, JobEvent happened) =>
        JsonSerializer.SerializeToUtf8Bytes(new WireEvent(jobId, happened), JobJsonContext.Default.WireEvent);

    /// <summary>Reads an event.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static (string JobId, JobEvent Event) ReadEvent(ReadOnlySpan<byte> json)
    {
        try
        {
            var wire = JsonSerializer.Deserialize(json, JobJsonContext.Default.WireEvent);
            return wire is { Job: not null, Event: not null } ? (wire.Job, wire.Event) : throw new JsonException("The event, or its job, is missing.");
        }
        catch (NotSupportedException fault)
        {
            // What the serializer throws for an event that doesn't say which it is.
            throw new JsonException(fault.Message, fault);
        }
    }

    private static PackageRequirement ReadPackage(string text) =>
        PackageRequirement.TryParse(text, out var requirement) is { } fault ? throw new JsonException($"Package \"{text}\" {fault}.") : requirement!;
}

/// <summary>A job on its way.</summary>
internal sealed record WireJob(string Id, string Code, IReadOnlyList<string> Packages, string? Client, JobLimits? Limits, bool? Followed);

/// <summary>An event on its way.</summary>
internal sealed record WireEvent(string Job, JobEvent Event);

/// <summary>Generated at build time: reading and writing without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WireJob))]
[JsonSerializable(typeof(WireEvent))]
internal sealed partial class JobJsonContext : JsonSerializerContext;
