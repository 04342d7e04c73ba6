using Microsoft.Win32.SafeHandles;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// This process's standard streams, as bytes also where one of them is a terminal: the first use of any of .NET's own prepares it for
/// editing lines, which writes to it what is no message.
/// </summary>
internal static class StandardStream
{
    private static readonly bool NoTerminal = Console.IsInputRedirected && Console.IsOutputRedirected && Console.IsErrorRedirected;

    /// <summary>Standard input.</summary>
    public static Stream Input() => NoTerminal ? Console.OpenStandardInput() : Open(0, FileAccess.Read);

    /// <summary>Standard output.</summary>
    public static Stream Output() => NoTerminal ? Console.OpenStandardOutput() : Open(1, FileAccess.Write);

    /// <summary>Standard error.</summary>
    public static Stream Error() => NoTerminal ? Console.OpenStandardError() : Open(2, FileAccess.Write);

    private static FileStream Open(int descriptor, FileAccess access) => new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
}
