using Microsoft.Win32.SafeHandles;

namespace CodeExec.Cli.Running;

/// <summary>This process's output streams, unbuffered.</summary>
/// <remarks>Not those of <see cref="Console"/>: they swallow the error of a pipe whose reader has left, and a job would run on for nobody.</remarks>
public static class StandardStreams
{
    /// <summary>File descriptor 1.</summary>
    public static Stream Stdout { get; } = Open(1);

    /// <summary>File descriptor 2.</summary>
    public static Stream Stderr { get; } = Open(2);

    private static FileStream Open(int descriptor) => new(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
}
