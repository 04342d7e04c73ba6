using System.Globalization;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Sandbox;

/// <summary>
/// What a child is confined to before its program starts: python/confine.py applies it to itself, in this order, and then becomes the program.
/// Immutable.
/// </summary>
/// <param name="Interpreter">The Python that applies it: a real executable, not one of an environment.</param>
public sealed record Confinement(string Interpreter)
{
    /// <summary>Limits on each of its processes. Core dumps, which would leave its memory on the disk, are off in any case.</summary>
    public IReadOnlyList<ResourceLimit> Limits { get; init; } = [];

    /// <summary>Who it runs as.</summary>
    internal ForeignUser User { get; init; } = ForeignUser.Ourselves;

    /// <summary>Whether programs that it starts get no more rights than it has.</summary>
    public bool NoNewPrivileges { get; init; } = true;

    /// <summary>The files and ports that it reaches, each within the one before; empty for all.</summary>
    public IReadOnlyList<Reach> Reaches { get; init; } = [];

    /// <summary>Whether its signals end at what it started, where its reach is bounded.</summary>
    public bool Scoped { get; init; } = true;

    /// <summary>The filter of its system calls, in hexadecimal digits; null for none.</summary>
    public string? SystemCalls { get; init; }

    /// <summary>Whether a layer that this host refuses is left out: until it has been tried, and never where it is demanded.</summary>
    public bool FailsOpen { get; init; }

    /// <summary>Whether what is left out is said on stderr, a line "refused LAYER REASON" each.</summary>
    public bool Reports { get; init; }

    /// <summary>Whether orphans stay below it.</summary>
    public bool KeepsOrphans { get; init; } = true;

    /// <summary>Its number of the descriptor at which it waits for a byte, confined, before it becomes the program; null when it doesn't wait.</summary>
    public int? WaitsAt { get; init; }

    /// <summary>The same command, started confined.</summary>
    /// <param name="command">What to start.</param>
    /// <param name="domains">Its numbers of the rulesets of <see cref="Reaches"/>.</param>
    internal ChildCommand Apply(ChildCommand command, IReadOnlyList<int> domains) =>
        command with { Executable = Interpreter, Arguments = ["-I", "-S", "-c", PythonScripts.Text("confine.py"), Settings(domains), command.Executable, .. command.Arguments] };

    private string Settings(IReadOnlyList<int> domains)
    {
        var may = FailsOpen ? "?" : "";
        List<string> lines = ["limit CORE 0 0", "first-to-go?"];
        if (Reports) lines.Insert(0, "report");
        if (KeepsOrphans) lines.Add($"subreaper{may}");
        lines.AddRange(Limits.Select(limit => string.Create(CultureInfo.InvariantCulture, $"limit {limit.Resource} {limit.Soft} {limit.Hard}")));
        if (User.Id is { } user) lines.Add($"user{may} {user}");
        else if (NoNewPrivileges && Environment.IsPrivilegedProcess) lines.Add("no-capabilities");
        if (NoNewPrivileges) lines.Add($"no-new-privileges{may}");
        if (domains.Count > 0) lines.Add($"own-process? {domains[^1]}");
        lines.AddRange(domains.Select(domain => $"domain{may} {domain}"));
        if (SystemCalls is not null) lines.Add($"system-calls{may} {SystemCalls}");
        if (WaitsAt is { } gate) lines.Add(string.Create(CultureInfo.InvariantCulture, $"wait {gate}"));
        return string.Join('\n', lines);
    }
}
