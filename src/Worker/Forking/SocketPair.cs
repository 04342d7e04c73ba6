using System.Buffers.Binary;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using CodeExec.Worker.Processes;

namespace CodeExec.Worker.Forking;

/// <summary>
/// Two connected Unix sockets that keep message boundaries (SOCK_SEQPACKET): ours, and one for a child to be started. Any thread; one
/// receives at a time.
/// </summary>
internal sealed class SocketPair : IDisposable
{
    private readonly Socket _ours;
    private int _theirs;

    private SocketPair(Socket ours, int theirs)
    {
        _ours = ours;
        _theirs = theirs;
    }

    /// <summary>The other end, for the child.</summary>
    public int Theirs => _theirs;

    /// <summary>Makes a pair.</summary>
    /// <exception cref="Win32Exception">No descriptor is left.</exception>
    public static unsafe SocketPair Open()
    {
        var ends = stackalloc int[2];
        if (LibC.SocketPair(LibC.UnixSockets, LibC.SequencedPackets, 0, ends) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "No socket could be made; most often the limit on open files (ulimit -n) is reached.");
        return new SocketPair(new Socket(new SafeSocketHandle(ends[0], ownsHandle: true)), ends[1]);
    }

    /// <summary>Closes our copy of the child's end: with it open we would never hear that the child is gone. Once.</summary>
    public void CloseTheirs()
    {
        _ = LibC.Close(_theirs);
        _theirs = -1;
    }

    /// <summary>Sends a short text.</summary>
    /// <returns>Whether it was sent: false when the other side is gone, or doesn't read.</returns>
    public bool Send(string text) => Send(Encoding.ASCII.GetBytes(text), []);

    /// <summary>Sends a message with descriptors (SCM_RIGHTS, unix(7)); ours stay open here.</summary>
    /// <returns>Whether it was sent: false when the other side is gone, or so much waits there that it can't be reading.</returns>
    public unsafe bool Send(ReadOnlySpan<byte> message, ReadOnlySpan<int> descriptors)
    {
        // struct cmsghdr: size, level and type, then the descriptors, padded to 8 bytes.
        Span<byte> control = stackalloc byte[16 + ((4 * descriptors.Length + 7) / 8 * 8)];
        BinaryPrimitives.WriteUInt64LittleEndian(control, (ulong)(16 + (4 * descriptors.Length)));
        BinaryPrimitives.WriteInt32LittleEndian(control[8..], LibC.SocketLevel);
        BinaryPrimitives.WriteInt32LittleEndian(control[12..], LibC.PassDescriptors);
        for (var i = 0; i < descriptors.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(control[(16 + (4 * i))..], descriptors[i]);

        var release = false;
        try
        {
            _ours.SafeHandle.DangerousAddRef(ref release);
            fixed (byte* bytes = message)
            fixed (byte* attached = control)
            {
                var part = new LibC.IoVector { Base = bytes, Length = (nuint)message.Length };
                var header = new LibC.MessageHeader { Parts = &part, PartCount = 1 };
                if (descriptors.Length > 0)
                {
                    header.Control = attached;
                    header.ControlLength = (nuint)control.Length;
                }
                while (LibC.SendMessage((int)_ours.SafeHandle.DangerousGetHandle(), &header, LibC.SendNoSignal) < 0)
                    if (Marshal.GetLastPInvokeError() != LibC.Interrupted) return false;
                return true;
            }
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (release) _ours.SafeHandle.DangerousRelease();
        }
    }

    /// <summary>Tells the other side that nothing more comes, and goes on receiving.</summary>
    public void EndSending()
    {
        try
        {
            _ours.Shutdown(SocketShutdown.Send);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The other side is gone already.
        }
    }

    /// <summary>The next message as text; null when the other side is gone.</summary>
    public async ValueTask<string?> ReceiveAsync(byte[] buffer)
    {
        for (var resets = 0; ; resets++)
        {
            try
            {
                var count = await _ours.ReceiveAsync(buffer.AsMemory());
                return count == 0 ? null : Encoding.ASCII.GetString(buffer, 0, count);
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.ConnectionReset && resets == 0)
            {
                // The other side closed with something of ours unread. That is told once, before what it had sent is read.
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ours.Dispose();
        if (_theirs >= 0) CloseTheirs();
    }
}
