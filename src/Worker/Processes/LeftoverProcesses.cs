using System.Globalization;

namespace CodeExec.Worker.Processes;

/// <summary>
/// Processes that outlived the worker that started them: it was killed, and nobody was left to end its jobs. They are known by their
/// working directory, which is in the dead worker's folder. Any thread.
/// </summary>
internal static class LeftoverProcesses
{
    /// <summary>Kills every process that works in a folder or below it.</summary>
    /// <returns>How many were killed.</returns>
    public static int End(string folder)
    {
        var ended = 0;
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
            if (WorkingDirectory(process) is { } place && (place == folder || place.StartsWith(folder + '/', StringComparison.Ordinal)) && LibC.Kill(pid, LibC.SignalKill) == 0)
                ended++;
        }
        return ended;
    }

    private static string? WorkingDirectory(string process)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "cwd")).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is somebody else's.
            return null;
        }
    }
}
