namespace CodeExec.Shared.Settings;

/// <summary>How packages are found, built and kept. Immutable; read once at start.</summary>
public sealed record PackageOptions
{
    /// <summary>PACKAGE_CACHE_DIR: where environments are kept. Default: <c>codeexec</c> in the user's cache folder.</summary>
    public string CacheDirectory { get; init; } = DefaultCacheDirectory(null, null);

    /// <summary>PACKAGE_CACHE_MAX_MB: environments above this are evicted, least recently used first, and no set may take more. Default 2048 MB; 1 MB to 1 TB.</summary>
    public long CacheMaxBytes { get; init; } = 2048L * 1024 * 1024;

    /// <summary>INSTALL_TIMEOUT_SECONDS: longest that installing a job's packages may take. Default 120 s; 1 s to 1 h.</summary>
    public TimeSpan InstallTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>ALLOW_SDISTS: also install packages that must be built from source, which runs their build code. Default false.</summary>
    public bool AllowSourceDistributions { get; init; }

    /// <summary>PREWARM_REQUIREMENTS: the file that lists the pre-warmed packages. Default <c>requirements.txt</c> of the project.</summary>
    public string? PrewarmRequirements { get; init; }

    /// <summary>PIP_*: pip's own settings, as they are handed to it, with WHEEL_DIR among its PIP_FIND_LINKS. They may hold credentials.</summary>
    public IReadOnlyDictionary<string, string> PipEnvironment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The XDG place for caches, else one in the temporary folder.</summary>
    /// <param name="home">HOME, when set.</param>
    /// <param name="cacheHome">XDG_CACHE_HOME, when set.</param>
    /// <seealso href="https://specifications.freedesktop.org/basedir-spec/latest/"/>
    public static string DefaultCacheDirectory(string? home, string? cacheHome)
    {
        if (cacheHome is { Length: > 0 }) return Path.Combine(cacheHome, "codeexec");
        // Into root's home nobody else gets, and what a service that is started as root runs is not root.
        if (home is "/root") return "/var/cache/codeexec";
        return home is { Length: > 0 } ? Path.Combine(home, ".cache", "codeexec") : Path.Combine(Path.GetTempPath(), "codeexec-cache");
    }
}
