using System.Text.RegularExpressions;
using CodeExec.Shared.Jobs;

namespace CodeExec.Worker.Execution;

/// <summary>
/// Programs that were never started, because the host refused their confinement or their start: confine.py and job_domain.py say so in one line. A
/// program that says the same deceives its own caller alone.
/// </summary>
internal static partial class RefusedStart
{
    /// <summary>What was refused; null when the program was started.</summary>
    public static string? Of(ExecutionResult result) =>
        result is { ReturnCode: 125 or 126, Stdout: "" } && Line().IsMatch(result.Stderr) ? result.Stderr.TrimEnd() : null;

    /// <summary>What its caller is told.</summary>
    public static string Hint(ExecutionJob job) =>
        $"The code was not started: the host refused what it takes to start it safely, which the code is not at fault for. Call again; if it stays so, tell the operator reference {job.Id}, which the worker's log explains.";

    [GeneratedRegex(@"\A(The layer \S+ of the sandbox was refused, so nothing was started: [^\n]*|The job could not be confined, so it was not started\.|\S+ could not be started: [^\n]*)\n?\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();
}
