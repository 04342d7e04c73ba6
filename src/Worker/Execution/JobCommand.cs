using CodeExec.Worker.Limits;
using CodeExec.Worker.Packages;
using CodeExec.Worker.Processes;
using CodeExec.Worker.Sandbox;

namespace CodeExec.Worker.Execution;

/// <summary>What starts a job in an interpreter of its own.</summary>
internal static class JobCommand
{
    /// <summary>Its command: the program is <c>main.py</c> in its folder.</summary>
    public static ChildCommand For(PackageEnvironment environment, Workspace workspace, RunLimits limits, SandboxPlan plan) =>
        new(environment.Python, ["main.py"], CodeEnvironment.ForCode(workspace, environment.BinDirectory), workspace.Home)
        {
            Confinement = plan.ForJob(environment, workspace) with { Limits = [.. ProcessLimits.Inherited(limits), .. ProcessLimits.Own(limits)] },
        };
}
