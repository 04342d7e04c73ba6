using CodeExec.Shared.Jobs;
using CodeExec.Shared.Packages;

namespace CodeExec.Tests.Support;

/// <summary>Makes jobs.</summary>
internal static class Jobs
{
    /// <summary>A job with this code and these packages.</summary>
    public static ExecutionJob Python(string code, params string[] packages) => new(JobId.Create(), code, [.. packages.Select(Requirement)]);

    /// <summary>A job that says "ready" once it runs, and then waits for its end.</summary>
    public static ExecutionJob Endless() => Python("import time\nprint('ready')\nwhile True: time.sleep(1)");

    /// <summary>A requirement that is known to be one.</summary>
    public static PackageRequirement Requirement(string text) =>
        PackageRequirement.TryParse(text, out var requirement) is { } fault ? throw new ArgumentException($"{text} {fault}", nameof(text)) : requirement!;
}
