using System.Globalization;

namespace CodeExec.Worker.Sandbox;

/// <summary>What this process may do as root: a container's rules may have taken any of it away (capabilities(7)).</summary>
internal static class OwnCapabilities
{
    // To become another user, to give it its folders, to write into them, date and clear them, and to end its processes.
    private static readonly (string Name, int Number)[] OfUserLayer = [("CHOWN", 0), ("DAC_OVERRIDE", 1), ("FOWNER", 3), ("KILL", 5), ("SETGID", 6), ("SETUID", 7)];

    /// <summary>Those that are missing of what it takes to run code as another user.</summary>
    public static IReadOnlyList<string> MissingForAnotherUser()
    {
        var held = Effective();
        return [.. OfUserLayer.Where(capability => (held & (1UL << capability.Number)) == 0).Select(capability => capability.Name)];
    }

    private static ulong Effective()
    {
        const string Name = "CapEff:";
        try
        {
            var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
            return line is null ? ulong.MaxValue : ulong.Parse(line.AsSpan(Name.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Without /proc nothing is known to be missing.
            return ulong.MaxValue;
        }
    }
}
