namespace CodeExec.Cli;

/// <summary>The exit codes that the command line promises; <c>codeexec --help</c> lists them.</summary>
/// <remarks>64 to 78 are those of BSD's sysexits.h, 124 and 125 those of timeout(1), 128+N those of shells.</remarks>
public static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary><c>mcp</c>: the tool, or the server, answered with an error. <c>doctor</c>: something fails.</summary>
    public const int Failed = 1;

    /// <summary>The arguments can't be used.</summary>
    public const int Usage = 64;

    /// <summary>Something needed is missing on this host, or the server can't be reached.</summary>
    public const int Unavailable = 69;

    /// <summary>CodeExec itself failed.</summary>
    public const int Internal = 70;

    /// <summary>The server refused the API key.</summary>
    public const int KeyRefused = 77;

    /// <summary>The settings can't be used.</summary>
    public const int Settings = 78;

    /// <summary><c>run</c>: the time limit passed.</summary>
    public const int TimeLimit = 124;

    /// <summary><c>run</c>: the packages could not be installed.</summary>
    public const int NotInstalled = 125;

    /// <summary>Ctrl-C, or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>Nobody reads the output any more: what a shell shows for a program that SIGPIPE ended.</summary>
    public const int OutputClosed = 141;

    /// <summary>What a shell shows for a program that signal N ended: 128 + N.</summary>
    public static int ForSignal(int signal) => 128 + signal;
}
