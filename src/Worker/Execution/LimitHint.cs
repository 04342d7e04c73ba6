using System.Globalization;
using CodeExec.Shared.Jobs;
using CodeExec.Worker.Limits;

namespace CodeExec.Worker.Execution;

/// <summary>What would help when a limit made a program fail by itself: the kernel refuses what passes one, and Python says it in its own words.</summary>
internal static class LimitHint
{
    private const int FileTooLarge = -25;

    /// <summary>The hint; null when no limit is to blame.</summary>
    /// <param name="result">A failed run.</param>
    /// <param name="limits">Those that held.</param>
    public static string? For(ExecutionResult result, RunLimits limits)
    {
        // The last line is the exception that ended the program; what was caught before doesn't count.
        var error = result.Stderr.TrimEnd();
        error = error[(error.LastIndexOf('\n') + 1)..];
        if (error.StartsWith("MemoryError", StringComparison.Ordinal) || error.Contains("[Errno 12]", StringComparison.Ordinal) || error.Contains("Unable to allocate", StringComparison.Ordinal))
            return Worded($"No more memory could be had: a call may hold {limits.MemoryBytes / 1024 / 1024} MB, and one process may reserve {limits.MemoryBytes / 1024 / 1024} MB and 1 GB of address space. Use less at a time: smaller data, or work in pieces.");
        if (error.Contains("[Errno 27]", StringComparison.Ordinal) || result.ReturnCode == FileTooLarge)
            return Worded($"A file may be {limits.FileBytes / 1024 / 1024} MB at most. Write several smaller files, or less data.");
        if (error.Contains("[Errno 24]", StringComparison.Ordinal))
            return Worded($"A process may have {limits.OpenFiles} files open at once. Close those that are no longer needed (with open(...) as file).");
        if (error.Contains("can't start new thread", StringComparison.Ordinal) || error.StartsWith("BlockingIOError: [Errno 11]", StringComparison.Ordinal))
            return Worded($"No more processes and threads can be had; a call may have {limits.Processes}. Start fewer at a time, and wait for those that have ended.");
        return null;
    }

    private static string Worded(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
