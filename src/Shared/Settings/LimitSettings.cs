namespace CodeExec.Shared.Settings;

/// <summary>Reads the limits of jobs, and how many run at once: together they must fit into the host.</summary>
internal static class LimitSettings
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>Reads them.</summary>
    /// <param name="reader">The settings.</param>
    /// <param name="memoryBytes">The host's memory.</param>
    /// <param name="runTimeout">EXEC_TIMEOUT_SECONDS.</param>
    /// <returns>
    /// The limits, and the number of jobs. One set of settings may serve hosts of several sizes, so what doesn't fit into this one's memory is
    /// lowered here: first the number of jobs, then the memory of each.
    /// </returns>
    public static (LimitOptions Limits, int Concurrency) Read(SettingsReader reader, long memoryBytes, TimeSpan runTimeout)
    {
        var defaults = new LimitOptions();
        var wantedBytes = reader.Number("MEMORY_LIMIT_MB", 0, LimitOptions.LeastMemoryBytes / Megabyte, 1024 * 1024, "MB", "from memory and WORKER_CONCURRENCY") * Megabyte;
        var jobs = reader.Number("WORKER_CONCURRENCY", DefaultConcurrency(memoryBytes, wantedBytes), 1, 1000, "jobs", "from memory and cores");
        var room = HostResources.JobsMemoryBytes(memoryBytes);
        var concurrency = (int)Math.Clamp(room / Math.Max(wantedBytes, LimitOptions.LeastMemoryBytes), 1, jobs);
        var limits = new LimitOptions
        {
            CpuTime = reader.Seconds("CPU_LIMIT_SECONDS", 2 * (long)runTimeout.TotalSeconds, 1, 172_800, "twice EXEC_TIMEOUT_SECONDS"),
            MemoryBytes = wantedBytes == 0 ? HostResources.DefaultJobMemory(memoryBytes, concurrency) : Math.Clamp(room, LimitOptions.LeastMemoryBytes, wantedBytes),
            Processes = (int)reader.Number("PROCESS_LIMIT", defaults.Processes, 1, 10_000, "processes and threads"),
            FileBytes = reader.Number("FILE_SIZE_LIMIT_MB", defaults.FileBytes / Megabyte, 1, 1024 * 1024, "MB") * Megabyte,
            DiskBytes = reader.Number("DISK_LIMIT_MB", defaults.DiskBytes / Megabyte, 1, 1024 * 1024, "MB") * Megabyte,
            OpenFiles = (int)reader.Number("OPEN_FILES_LIMIT", defaults.OpenFiles, LimitOptions.LeastOpenFiles, 65_536, "files"),
            CheckEvery = TimeSpan.FromMilliseconds(reader.Number("LIMIT_CHECK_MS", (long)defaults.CheckEvery.TotalMilliseconds, 10, 10_000, "milliseconds")),
            HostMemoryPercent = (int)reader.Number("HOST_MEMORY_PERCENT", defaults.HostMemoryPercent, 50, 99, "percent"),
            HostMemoryBytes = memoryBytes,
        };
        return (limits, concurrency);
    }

    private static int DefaultConcurrency(long memoryBytes, long wantedBytes) => wantedBytes == 0
        ? HostResources.DefaultConcurrency(memoryBytes, Environment.ProcessorCount)
        : HostResources.DefaultConcurrency(memoryBytes, Environment.ProcessorCount, wantedBytes);
}
