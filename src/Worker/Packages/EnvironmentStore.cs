using System.Text.Json.Nodes;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// The environments on disk: found by key, put in place whole. Several processes may share the folder (<see cref="CacheEntry"/>). Any thread.
/// </summary>
internal sealed class EnvironmentStore(PackageOptions options, TimeProvider time)
{
    /// <summary>The folder of the environments, in the package cache.</summary>
    public const string FolderName = "environments";

    /// <summary>Where an environment with this key is, or would be.</summary>
    public PackageEnvironment Locate(string key, PythonInterpreter interpreter) =>
        new(key, Path.Combine(options.CacheDirectory, FolderName, key), interpreter.MinorVersion) { Interpreter = interpreter.Path, StandardModules = interpreter.StandardModules };

    /// <summary>Takes an environment into use; null when there is none.</summary>
    public EnvironmentLease? TryLease(PackageEnvironment environment) =>
        Entry(environment).TryHold(time) is { } manifest ? new EnvironmentLease(environment, manifest) : null;

    /// <summary>Puts a finished build in its place and takes it into use. When another process was first, its environment is taken and ours dropped.</summary>
    /// <param name="build">The folder it was built in, on the same file system.</param>
    /// <param name="environment">Its place.</param>
    /// <param name="requirements">For the manifest.</param>
    /// <param name="wheels">The wheels that it shares files with.</param>
    /// <param name="sharedBytes">How much of it is theirs.</param>
    public EnvironmentLease Publish(string build, PackageEnvironment environment, IEnumerable<PackageRequirement> requirements, IEnumerable<StoredWheel> wheels, long sharedBytes)
    {
        var manifest = new JsonObject
        {
            ["requirements"] = new JsonArray([.. requirements.Select(requirement => (JsonNode)requirement.Text)]),
            ["wheels"] = new JsonArray([.. wheels.Select(wheel => (JsonNode)wheel.Id)]),
            ["bytes"] = CacheEntry.SizeOf(build) - sharedBytes,
        };
        return new EnvironmentLease(environment, Entry(environment).Publish(build, manifest.ToJsonString(), time));
    }

    private static CacheEntry Entry(PackageEnvironment environment) => new(environment.Root, environment.Manifest);
}
