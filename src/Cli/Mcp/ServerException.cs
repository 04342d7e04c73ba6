namespace CodeExec.Cli.Mcp;

/// <summary>The server can't be reached, or refuses to talk. The message names it and what to do.</summary>
/// <param name="message">What to show.</param>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="inner">What it was found from.</param>
public sealed class ServerException(string message, int exitCode, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What this process exits with.</summary>
    public int ExitCode { get; } = exitCode;
}
