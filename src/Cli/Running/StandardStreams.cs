using Microsoft.Win32.SafeHandles;

namespace CodeExec.Cli.Running;

/// <summary>This process's output streams, unbuffered.</summary>
/// <remarks>
/// Those of <see cref="Console"/> swallow the error of a pipe whose reader has left, and a job would run on for nobody. A file stream
/// reports it; but in a file it writes at a position of its own, over what others write to the same redirection. So each has its case.
/// </remarks>
public static class StandardStreams
{
    /// <summary>File descriptor 1.</summary>
    public static Stream Stdout { get; } = Open(1, Console.OpenStandardOutput);

    /// <summary>File descriptor 2.</summary>
    public static Stream Stderr { get; } = Open(2, Console.OpenStandardError);

    private static Stream Open(int descriptor, Func<Stream> console)
    {
        var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? console() : stream;
    }
}
