using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;

namespace CodeExec.Worker.Packages;

/// <summary>
/// The unpacked wheels on disk: each is unpacked and compiled once, and every environment that wants it shares its files. Several processes
/// may share the folder (<see cref="CacheEntry"/>). Any thread.
/// </summary>
internal sealed class WheelStore(PackageOptions options, TimeProvider time)
{
    /// <summary>The folder of the wheels, in the package cache.</summary>
    public const string FolderName = "wheels";

    /// <summary>The name of a wheel in the store.</summary>
    /// <param name="interpreter">Whose ABI its modules are compiled for.</param>
    /// <param name="digest">The SHA-256 of the wheel file, in hexadecimal digits.</param>
    public static string IdOf(PythonInterpreter interpreter, string digest) => $"{interpreter.Abi}/{digest}";

    /// <summary>Takes a wheel into use; null when it isn't there.</summary>
    /// <param name="id">Its name in the store.</param>
    public StoredWheel? TryHold(string id)
    {
        var entry = Entry(id);
        if (entry.TryHold(time) is not { } manifest) return null;
        try
        {
            return new StoredWheel(id, JsonNode.Parse(manifest)!["file"]!.GetValue<string>(), entry.Root, manifest);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or NullReferenceException)
        {
            // Cut short when the machine went down. Without it the folder counts as half removed, and the next unpack takes its place.
            manifest.Dispose();
            File.Delete(entry.Manifest);
            return null;
        }
    }

    /// <summary>Puts an unpacked wheel in its place and takes it into use. When another process was first, its folder is taken and ours dropped.</summary>
    /// <param name="id">Its name in the store.</param>
    /// <param name="fileName">The wheel file's name.</param>
    /// <param name="unpacked">The folder it was unpacked in, on the same file system.</param>
    public StoredWheel Publish(string id, string fileName, string unpacked)
    {
        var entry = Entry(id);
        var manifest = new JsonObject { ["file"] = fileName, ["bytes"] = CacheEntry.SizeOf(unpacked) };
        return new StoredWheel(id, fileName, entry.Root, entry.Publish(unpacked, manifest.ToJsonString(), time));
    }

    private CacheEntry Entry(string id)
    {
        var root = Path.Combine(options.CacheDirectory, FolderName, id);
        return new CacheEntry(root, Path.Combine(root, StoredWheel.ManifestName));
    }
}
