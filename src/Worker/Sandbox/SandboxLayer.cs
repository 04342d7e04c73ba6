namespace CodeExec.Worker.Sandbox;

/// <summary>One layer of the sandbox: its name in settings, logs, documents and health, and what it is for.</summary>
/// <param name="Name">As confine.py spells it, where it is one of that program's.</param>
/// <param name="Reason">What would happen without it.</param>
public sealed record SandboxLayer(string Name, string Reason)
{
    /// <summary>What confine.py calls it, where that isn't the same.</summary>
    internal string AppliedAs { get; private init; } = Name;

    /// <summary>A session and process group of its own.</summary>
    public static readonly SandboxLayer Session = new("session", "A signal to a job's group would reach us, and the end of a job not all that it started.");

    /// <summary>A job's leader reaps its orphans.</summary>
    public static readonly SandboxLayer Subreaper = new("subreaper", "A process that leaves its group (setsid) would outlive its job.");

    /// <summary>Environment from an allow list, no descriptor but its own.</summary>
    public static readonly SandboxLayer Inheritance = new("inheritance", "Our settings, sockets and files would be handed on.");

    /// <summary>setrlimit(2).</summary>
    public static readonly SandboxLayer Limits = new("limit", "A crash would leave its memory on the disk, and nothing bounds one process.");

    /// <summary>An unprivileged user, where we were started as root.</summary>
    public static readonly SandboxLayer User = new("user", "Code would be root.");

    /// <summary>no_new_privs.</summary>
    public static readonly SandboxLayer NoNewPrivileges = new("no-new-privileges", "A program with the set-user-ID bit would be a way out of every other layer.");

    /// <summary>Landlock: files.</summary>
    public static readonly SandboxLayer Files = new("files", "Code could read our configuration and other jobs' folders, change environments, and look into our processes.") { AppliedAs = "domain" };

    /// <summary>Landlock from its version 6 on: signals and abstract sockets.</summary>
    public static readonly SandboxLayer Signals = new("signals", "A job could end other jobs and its fork server, which are the same user's.") { AppliedAs = "domain" };

    /// <summary>Landlock from its version 4 on: TCP by port.</summary>
    public static readonly SandboxLayer Ports = new("ports", "NETWORK's list of ports could not be held to.") { AppliedAs = "domain" };

    /// <summary>seccomp.</summary>
    public static readonly SandboxLayer SystemCalls = new("system-calls", "Other processes' memory, Unix and raw sockets, and the kernel's least tested parts could be reached.");

    /// <summary>The worker's own memory and environment.</summary>
    public static readonly SandboxLayer ClosedWorker = new("closed-worker", "Code of the same user could read our environment and memory, and .NET's diagnostics socket would hand them out.");

    /// <summary>All, in the order in which they are applied.</summary>
    public static IReadOnlyList<SandboxLayer> All { get; } =
        [ClosedWorker, Session, Inheritance, Subreaper, Limits, User, NoNewPrivileges, Files, Signals, Ports, SystemCalls];
}

/// <summary>Whether a layer holds here.</summary>
public enum LayerState
{
    /// <summary>It holds.</summary>
    On,

    /// <summary>The host lacks it, or SANDBOX=off.</summary>
    Off,

    /// <summary>There is nothing for it to do.</summary>
    NotNeeded,
}

/// <summary>One layer as it is on this host.</summary>
/// <param name="Layer">Which.</param>
/// <param name="State">Whether it holds.</param>
/// <param name="Detail">The version, or why it doesn't hold and what to do.</param>
public sealed record LayerFinding(SandboxLayer Layer, LayerState State, string Detail);
