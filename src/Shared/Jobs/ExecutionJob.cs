using CodeExec.Shared.Packages;

namespace CodeExec.Shared.Jobs;

/// <summary>One call of the tool, checked and ready to run. Immutable; any thread.</summary>
/// <param name="Id">See <see cref="JobId"/>.</param>
/// <param name="Code">The Python source; never empty, no NUL, no lone surrogate (<see cref="Tool.ToolArguments"/> saw to that).</param>
/// <param name="Packages">What the code wants installed; empty for nothing.</param>
/// <param name="ClientName">What the caller calls itself, for the log; null when it didn't say.</param>
/// <param name="Limits">What it shall be held to below what the settings allow; null for nothing.</param>
/// <param name="IsFollowed">Whether anybody is told what happens while it runs. If not, a worker may hold its events back for a moment.</param>
public sealed record ExecutionJob(
    string Id, string Code, IReadOnlyList<PackageRequirement> Packages, string? ClientName = null, JobLimits? Limits = null, bool IsFollowed = true);
