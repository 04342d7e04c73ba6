using System.Diagnostics;

namespace CodeExec.Cli.Doctor;

/// <summary>Whether a folder that CodeExec writes to can be written, and how full it is.</summary>
public static class FolderExamination
{
    // A full cache holds a hundred thousand files; counting them all is not worth more waiting than this.
    private static readonly TimeSpan CountingLimit = TimeSpan.FromSeconds(2);
    private const long Megabyte = 1024 * 1024;

    /// <summary>Examines one folder; one that doesn't exist yet by whether it could be made.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="folder">Its path.</param>
    /// <param name="setting">The setting that moves it.</param>
    /// <param name="limit">How large it may grow; null for no limit.</param>
    public static Finding Examine(string name, string folder, string setting, long? limit)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent) existing = parent;
        try
        {
            using (File.Create(Path.Combine(existing, $".codeexec-doctor-{Path.GetRandomFileName()}"), 1, FileOptions.DeleteOnClose)) { }
            var free = new DriveInfo(existing).AvailableFreeSpace / Megabyte;
            var used = existing == folder ? limit is null ? "" : $"{Used(folder)}, " : "not made yet, ";
            var most = limit is { } bytes ? $", at most {bytes / Megabyte} MB" : "";
            return free < 100
                ? new Finding(name, Health.Warn, $"{folder}: {used}{free} MB free on its disk", $"Free some space, or point {setting} at another disk.")
                : new Finding(name, Health.Ok, $"{folder}: {used}{free} MB free{most}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new Finding(name, Health.Fail, $"{folder} can't be written: {fault.Message}", $"Give this user the right to write there, or point {setting} elsewhere.");
        }
    }

    private static string Used(string folder)
    {
        var started = Stopwatch.GetTimestamp();
        long bytes = 0;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            if (Stopwatch.GetElapsedTime(started) > CountingLimit) return $"more than {bytes / Megabyte} MB used";
            try { bytes += file.Length; }
            catch (FileNotFoundException) { /* Evicted while we count. */ }
        }
        return $"{bytes / Megabyte} MB used";
    }
}
