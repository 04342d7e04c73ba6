using System.Globalization;
using System.Text;
using CodeExec.Worker.Execution;
using CodeExec.Worker.Limits;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Forking;

/// <summary>One job as a fork server's child gets it; python/fork_server.py describes the protocol. Immutable.</summary>
/// <param name="Workspace">Its folder, with <c>main.py</c> in its home; all else of its environment is the server's.</param>
/// <param name="Limits">What it is held to below the server's children; null for nothing.</param>
/// <param name="Domain">The Landlock ruleset that it enters; null where there is none.</param>
/// <param name="User">Who it runs as.</param>
internal sealed record ForkedJob(Workspace Workspace, RunLimits? Limits, int? Domain, ForeignUser User)
{
    /// <summary>Writes the message.</summary>
    /// <param name="number">Names it among its server's.</param>
    public ReadOnlySpan<byte> Message(int number) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number}\0{Workspace.Home}\0{(Limits is null ? "" : ProcessLimits.Text(ProcessLimits.Lowered(Limits)))}\0HOME\0{Workspace.Home}\0TMPDIR\0{Workspace.Temporary}"));
}
