namespace CodeExec.Shared.Settings;

/// <summary>What happens where the host lacks a layer of the sandbox.</summary>
public enum SandboxMode
{
    /// <summary>Everything that the host has is used; what is missing is said.</summary>
    Auto,

    /// <summary>The process refuses to start when a layer is missing.</summary>
    Strict,

    /// <summary>Only what jobs need in order to end: code may do whatever this user may.</summary>
    Off,
}

/// <summary>Which network code reaches.</summary>
public enum NetworkAccess
{
    /// <summary>All that the host reaches.</summary>
    On,

    /// <summary>None, loopback included.</summary>
    Off,

    /// <summary>TCP to some ports; UDP is open.</summary>
    Ports,
}

/// <summary>How code under execution is confined. Immutable; read once at start.</summary>
public sealed record SandboxOptions
{
    /// <summary>SANDBOX. Default auto.</summary>
    public SandboxMode Mode { get; init; } = SandboxMode.Auto;

    /// <summary>NETWORK. Default on.</summary>
    public NetworkAccess Network { get; init; } = NetworkAccess.On;

    /// <summary>NETWORK as a list: the TCP ports that code may connect to. Empty unless <see cref="NetworkAccess.Ports"/>.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    /// <summary>
    /// SANDBOX_UID: who code runs as, user and group, when the service was started as root; pip is the next number. Default 64321, which belongs
    /// to nobody; 1000 to 4,000,000,000.
    /// </summary>
    public long UserId { get; init; } = 64_321;

    /// <summary>Reads the settings.</summary>
    public static SandboxOptions Read(SettingsReader reader)
    {
        var options = new SandboxOptions
        {
            Mode = reader.Text("SANDBOX", "auto")?.ToLowerInvariant() switch
            {
                null or "auto" => SandboxMode.Auto,
                "strict" => SandboxMode.Strict,
                "off" => SandboxMode.Off,
                var other => Unknown(reader, $"SANDBOX is \"{other}\"; it must be auto, strict or off (default auto)."),
            },
            UserId = reader.Number("SANDBOX_UID", 64_321, 1000, 4_000_000_000, "(user id)"),
        };
        var network = reader.Text("NETWORK", "on")?.ToLowerInvariant() ?? "on";
        if (network is "on" or "true") return options;
        if (network is "off" or "false") return options with { Network = NetworkAccess.Off };
        var ports = network.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(part => ushort.TryParse(part, out var port) ? port : 0).ToList();
        if (ports.Count is > 0 and <= 64 && !ports.Contains(0)) return options with { Network = NetworkAccess.Ports, Ports = ports };
        reader.Fault($"NETWORK is \"{network}\"; it must be on, off, or up to 64 TCP ports such as 80,443 (default on).");
        return options;
    }

    private static SandboxMode Unknown(SettingsReader reader, string sentence)
    {
        reader.Fault(sentence);
        return SandboxMode.Strict;
    }
}
