using System.Security.Cryptography;
using CodeExec.Shared.Packages;
using CodeExec.Shared.Settings;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Packages;

/// <summary>
/// From a set of requirements to the unpacked wheels that satisfy it: as remembered, else as pip finds them now. Which versions go together
/// is pip's business alone. Any thread.
/// </summary>
internal sealed class WheelResolver(PackageOptions options, SandboxPlan plan, Pip pip, TimeProvider time)
{
    private readonly WheelStore _store = new(options, time);
    private readonly WheelUnpacker _unpacker = new(options, plan, time);
    private readonly Resolutions _resolutions = new(options, time);

    /// <summary>Whether the wheels of an environment are known without asking pip.</summary>
    public bool Knows(string key) => _resolutions.Find(key) is not null;

    /// <summary>Takes the remembered wheels of an environment into use; null when they aren't known, or not all in the store.</summary>
    /// <param name="key">The environment's.</param>
    public HeldWheels? TryHoldKnown(string key)
    {
        if (_resolutions.Find(key) is not { } known) return null;
        var held = new HeldWheels();
        foreach (var id in known)
        {
            if (_store.TryHold(id) is { } wheel)
            {
                held.Add(wheel);
                continue;
            }
            held.Dispose();
            return null;
        }
        return held;
    }

    /// <summary>Lets pip find and fetch the wheels, and unpacks those that the store doesn't have.</summary>
    /// <param name="key">The environment's; the answer is remembered under it.</param>
    /// <param name="requirements">The set.</param>
    /// <param name="interpreter">For whom.</param>
    /// <param name="scratch">An empty folder on the store's file system.</param>
    /// <param name="output">Gets pip's lines.</param>
    /// <param name="progress">Told pip's lines.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The wheels, in use; null when the set has a package that is no wheel.</returns>
    /// <exception cref="InstallFailedException">There is no such set, or a wheel is refused.</exception>
    public async Task<HeldWheels?> ResolveAsync(
        string key, IReadOnlyList<PackageRequirement> requirements, PythonInterpreter interpreter, string scratch, PipOutput output, Action<string> progress, CancellationToken cancel)
    {
        var (downloads, unpacked, home) = (Path.Combine(scratch, "downloads"), Path.Combine(scratch, "unpacked"), Path.Combine(scratch, "home"));
        foreach (var folder in new[] { downloads, unpacked, home }) FolderTree.Create(folder);
        plan.Builder.LetThrough(unpacked);
        await pip.RunAsync(PipCommand.Download(interpreter, requirements, downloads, home, options), output, progress, cancel);
        plan.Builder.TakeBack(downloads);
        plan.Builder.LetThrough(downloads);
        var files = Directory.GetFiles(downloads);
        if (!files.All(file => file.EndsWith(".whl", StringComparison.Ordinal))) return null;

        var held = new HeldWheels();
        try
        {
            var missing = new List<(string Id, string Wheel, string Folder)>();
            foreach (var file in files)
            {
                var digest = await DigestAsync(file, cancel);
                var id = WheelStore.IdOf(interpreter, digest);
                if (_store.TryHold(id) is { } wheel) held.Add(wheel);
                else missing.Add((id, file, Path.Combine(unpacked, digest)));
            }
            if (missing.Count > 0)
            {
                progress($"Unpacking {string.Join(", ", missing.Select(wheel => Path.GetFileName(wheel.Wheel)).Order(StringComparer.Ordinal))}");
                await _unpacker.UnpackAsync([.. missing.Select(wheel => (wheel.Wheel, wheel.Folder))], interpreter, home, cancel);
            }
            foreach (var (id, wheel, folder) in missing) held.Add(_store.Publish(id, Path.GetFileName(wheel), folder));
            _resolutions.Remember(key, held.All.Select(wheel => wheel.Id), scratch);
            return held;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static async Task<string> DigestAsync(string file, CancellationToken cancel)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancel));
    }
}
