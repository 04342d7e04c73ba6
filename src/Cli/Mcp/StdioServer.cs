namespace CodeExec.Cli.Mcp;

/// <summary>The STDIO server's program, the same as the Procfile's <c>mcp-python</c> starts.</summary>
public static class StdioServer
{
    /// <summary>Its path: in the project that <c>bin/codeexec</c> names in CODEEXEC_ROOT, else in the one that holds this program.</summary>
    /// <exception cref="ServerException">It isn't built.</exception>
    public static string Locate()
    {
        // This program is <root>/src/Cli/bin/publish/CodeExec.Cli.
        var root = Environment.GetEnvironmentVariable("CODEEXEC_ROOT") is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "../../../..");
        var program = Path.GetFullPath(Path.Combine(root, "src/Worker/bin/publish/CodeExec.Worker"));
        return File.Exists(program) ? program : throw new ServerException($"The STDIO server is not built: there is no {program}. Build it: bin/codeexec build", ExitCodes.Unavailable);
    }
}
