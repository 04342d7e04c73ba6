using System.Runtime.InteropServices;

namespace CodeExec.Cli.Running;

/// <summary>One of this process's output streams, written straight to its file descriptor. One caller at a time.</summary>
/// <remarks>
/// .NET's own have each one fault here: those of <see cref="Console"/> swallow the error of a pipe whose reader has left, so that a job
/// would run on for nobody; a file stream writes a file at a position of its own, over what others write to the same redirection, and
/// fails on a full pipe that somebody has made non-blocking.
/// </remarks>
public sealed partial class OutputDescriptor
{
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int WouldBlockOnMacOS = 35;
    private const short Writable = 4;

    // The wait for a slow reader has no end of its own: Ctrl-C ends it, as for every program in a pipe.
    private const int CheckMilliseconds = 1000;
    private readonly int _descriptor;

    private OutputDescriptor(int descriptor) => _descriptor = descriptor;

    /// <summary>File descriptor 1.</summary>
    public static OutputDescriptor Stdout { get; } = new(1);

    /// <summary>File descriptor 2.</summary>
    public static OutputDescriptor Stderr { get; } = new(2);

    /// <summary>Writes all of it.</summary>
    /// <exception cref="IOException">Nobody reads any more, or the disk is full.</exception>
    // On a thread of the pool: a reader that is slow must not hold up the one that stops the job.
    public Task WriteAsync(ReadOnlyMemory<byte> bytes) => Task.Run(() => Write(bytes.Span));

    private void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var written = Write(_descriptor, bytes, bytes.Length);
            if (written >= 0) bytes = bytes[(int)written..];
            else if (Marshal.GetLastPInvokeError() is var error && error is WouldBlock or WouldBlockOnMacOS) _ = Poll(new DescriptorState { Descriptor = _descriptor, Wanted = Writable }, 1, CheckMilliseconds);
            else if (error is not Interrupted) throw new IOException($"Output can't be written: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(in DescriptorState state, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct DescriptorState
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }
}
