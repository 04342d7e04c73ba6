using System.Buffers;
using System.Globalization;
using System.Text;

namespace CodeExec.Worker.Execution;

/// <summary>
/// What is kept of one stream: its head and its tail, half the limit each; the middle is counted and dropped. Bytes go in, text comes
/// out: cut between characters, and with U+FFFD for what isn't UTF-8. One thread at a time.
/// </summary>
internal sealed class BoundedOutput(int limit)
{
    private readonly int _headLimit = limit - (limit / 2);
    private readonly int _tailLimit = limit / 2;
    private readonly ArrayBufferWriter<byte> _head = new();
    private byte[] _tail = [];
    private int _tailStart;
    private int _tailLength;

    /// <summary>All bytes that were printed.</summary>
    public long Total { get; private set; }

    /// <summary>How many of them <see cref="ToText"/> leaves out.</summary>
    public long Omitted { get; private set; }

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Total += bytes.Length;
        var intoHead = Math.Min(bytes.Length, _headLimit - _head.WrittenCount);
        if (intoHead > 0)
        {
            _head.Write(bytes[..intoHead]);
            bytes = bytes[intoHead..];
        }
        if (bytes.Length > 0) AppendTail(bytes);
    }

    /// <summary>Head, a line that says what is missing (when something is), tail. Call once, after the last bytes.</summary>
    public string ToText()
    {
        var head = _head.WrittenSpan;
        var tail = new byte[_tailLength];
        var first = Math.Min(_tailLength, _tail.Length - _tailStart);
        _tail.AsSpan(_tailStart, first).CopyTo(tail);
        _tail.AsSpan(0, _tailLength - first).CopyTo(tail.AsSpan(first));

        if (Total == head.Length + tail.Length) return Encoding.UTF8.GetString([.. head, .. tail]);

        var wholeHead = head[..Utf8Boundary.End(head)];
        var wholeTail = tail.AsSpan(Utf8Boundary.Start(tail));
        Omitted = Total - wholeHead.Length - wholeTail.Length;
        return string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetString(wholeHead)}\n[... {Omitted} bytes left out ...]\n{Encoding.UTF8.GetString(wholeTail)}");
    }

    private void AppendTail(ReadOnlySpan<byte> bytes)
    {
        // Made when first needed: most jobs print little, and hundreds may run.
        if (_tail.Length == 0) _tail = new byte[_tailLimit];
        if (bytes.Length >= _tailLimit)
        {
            bytes[^_tailLimit..].CopyTo(_tail);
            (_tailStart, _tailLength) = (0, _tailLimit);
            return;
        }
        var end = (_tailStart + _tailLength) % _tailLimit;
        var first = Math.Min(bytes.Length, _tailLimit - end);
        bytes[..first].CopyTo(_tail.AsSpan(end));
        bytes[first..].CopyTo(_tail);
        var overwritten = Math.Max(0, _tailLength + bytes.Length - _tailLimit);
        _tailStart = (_tailStart + overwritten) % _tailLimit;
        _tailLength = Math.Min(_tailLimit, _tailLength + bytes.Length);
    }
}
