namespace CodeExec.Worker.Execution;

/// <summary>
/// The environment variables that code, and pip, start with: an allow list, so that no setting of ours can reach them. Any thread.
/// </summary>
internal static class CodeEnvironment
{
    // What a program needs from the host to find libraries, time and certificates. LD_LIBRARY_PATH: Heroku's relocated Python doesn't
    // start without it. PYTHONPATH and PYTHONHOME are left out on purpose: there they point at the app.
    private static readonly string[] FromHost = ["PATH", "LD_LIBRARY_PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

    // A pool of BLAS threads per job fights the other jobs for cores; one thread each is about 10 % faster per job.
    private static readonly string[] ThreadCounts = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"];

    /// <summary>For a command of our own: what comes from the host and the locale.</summary>
    public static Dictionary<string, string> Inherited()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["LANG"] = "C.UTF-8" };
        foreach (var name in FromHost)
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) environment[name] = value;
        environment.TryAdd("PATH", "/usr/local/bin:/usr/bin:/bin");
        return environment;
    }

    /// <summary>For a job's Python.</summary>
    /// <param name="workspace">Its HOME and TMPDIR.</param>
    /// <param name="binDirectory">The environment's commands, found before the host's.</param>
    public static Dictionary<string, string> ForCode(Workspace workspace, string binDirectory)
    {
        var environment = Inherited();
        environment["PATH"] = $"{binDirectory}:{environment["PATH"]}";
        environment["HOME"] = workspace.Home;
        environment["TMPDIR"] = workspace.Temporary;
        foreach (var name in ThreadCounts) environment[name] = "1";
        return environment;
    }
}
