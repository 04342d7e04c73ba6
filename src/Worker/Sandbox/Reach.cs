using CodeExec.Shared.Settings;

namespace CodeExec.Worker.Sandbox;

/// <summary>The files and ports that a confined process can reach. What isn't there is left out when it is applied. Immutable.</summary>
public sealed record Reach
{
    // Links among these stand for what they point at.
    private static readonly string[] OfSystem =
    [
        "/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin",
        "/etc/alternatives", "/etc/ca-certificates", "/etc/debian_version", "/etc/fonts", "/etc/gai.conf", "/etc/group", "/etc/host.conf", "/etc/hosts",
        "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/magic", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/os-release",
        "/etc/passwd", "/etc/pip.conf", "/etc/pki", "/etc/protocols", "/etc/resolv.conf", "/etc/services", "/etc/ssl", "/etc/terminfo", "/etc/timezone",
        "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage",
    ];

    // Of other processes nothing: their command lines would be readable.
    private static readonly string[] OfProcesses =
        ["/proc/cpuinfo", "/proc/filesystems", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/sys", "/proc/uptime", "/proc/version", "/proc/vmstat"];

    private static readonly string[] Devices = ["/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero"];

    private static readonly string[] PathVariables = ["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

    private static readonly string[] InstallationParts = ["bin", "include", "lib", "lib64", "local/lib", "pyvenv.cfg", "share"];

    /// <summary>Files, and folders with all below them, to read and to execute.</summary>
    public IReadOnlyList<string> Readable { get; init; } = [];

    /// <summary>The same, to change as well.</summary>
    public IReadOnlyList<string> Writable { get; init; } = [];

    /// <summary>Folders whose files can be made, opened and removed by name, but not listed.</summary>
    public IReadOnlyList<string> Shared { get; init; } = [];

    /// <summary>The TCP ports to connect to; null for all.</summary>
    public IReadOnlyList<int>? TcpPorts { get; init; }

    /// <summary>Whether TCP ports can be listened on.</summary>
    public bool Listens { get; init; } = true;

    /// <summary>What every program needs of the host, and the interpreter.</summary>
    /// <param name="interpreter">The real executable.</param>
    public static Reach OfHost(string interpreter) => new()
    {
        Readable = [.. OfSystem, .. OfProcesses, .. InstallationOf(interpreter), .. PathVariables.SelectMany(PathsIn)],
        Writable = Devices,
    };

    /// <summary>
    /// For one job within what its environment reaches: that is narrower, so here a few folders do for many files. Each rule costs time whenever
    /// a job enters.
    /// </summary>
    /// <param name="interpreter">The real executable.</param>
    public static Reach OfJob(string interpreter) => new()
    {
        Readable = ["/bin", "/etc", "/lib", "/lib32", "/lib64", "/run", "/sbin", "/sys", "/usr", .. OfProcesses, .. InstallationOf(interpreter), .. PathVariables.SelectMany(PathsIn)],
        Shared = ["/dev"],
    };

    /// <summary>The files and folders that pip's settings name: find-links, certificates, a configuration.</summary>
    /// <param name="settings">pip's variables.</param>
    public static IEnumerable<string> NamedBy(IReadOnlyDictionary<string, string> settings) =>
        from value in settings.Values
        from word in value.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        let path = word.StartsWith("file://", StringComparison.Ordinal) ? word["file://".Length..] : word
        where path.Length > 1 && path.StartsWith('/')
        select path;

    /// <summary>With more to read.</summary>
    public Reach Reading(params IEnumerable<string> paths) => this with { Readable = [.. Readable, .. paths] };

    /// <summary>With more to change.</summary>
    public Reach Writing(params IEnumerable<string> paths) => this with { Writable = [.. Writable, .. paths] };

    /// <summary>With the shared memory of the host, which the locks of multiprocessing are made of.</summary>
    public Reach SharingMemory() => this with { Shared = ["/dev/shm"] };

    /// <summary>With the network that the settings give to code.</summary>
    public Reach Connecting(SandboxOptions options) => options.Network switch
    {
        NetworkAccess.On => this,
        NetworkAccess.Off => this with { TcpPorts = [], Listens = false },
        _ => this with { TcpPorts = options.Ports },
    };

    // Of the prefix only what Python puts there: it may be somebody's home. One of a virtual environment stands on another.
    private static IEnumerable<string> InstallationOf(string interpreter) =>
        from executable in new[] { interpreter, File.ResolveLinkTarget(interpreter, returnFinalTarget: true)?.FullName ?? interpreter }
        let prefix = Path.GetDirectoryName(Path.GetDirectoryName(executable)) ?? "/"
        from part in InstallationParts
        select Path.Combine(prefix, part);

    private static IEnumerable<string> PathsIn(string variable) =>
        (Environment.GetEnvironmentVariable(variable) ?? "").Split(':').Where(path => path.StartsWith('/') && path.Length > 1);
}
