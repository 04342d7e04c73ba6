using System.Buffers;
using System.IO.Pipelines;

namespace CodeExec.Worker.Stdio;

/// <summary>One line of input.</summary>
/// <param name="Bytes">Without its end; empty when it was too long.</param>
/// <param name="TooLong">Whether it passed the limit and was dropped.</param>
internal readonly record struct InputLine(ReadOnlyMemory<byte> Bytes, bool TooLong);

/// <summary>Cuts a stream into lines of bounded length. The last one may lack its end. One thread at a time.</summary>
internal sealed class LineReader(Stream input, int maxLineBytes)
{
    private readonly PipeReader _reader = PipeReader.Create(input);
    private bool _dropping;

    /// <summary>The longest accepted line.</summary>
    public int MaxLineBytes { get; } = maxLineBytes;

    /// <summary>The next line; null at the end of the input.</summary>
    public async ValueTask<InputLine?> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            // A read of stdin can't be cancelled: it is left behind instead, else SIGTERM would wait for the client's next line.
            var read = await _reader.ReadAsync(cancel).AsTask().WaitAsync(cancel);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = Cut(buffer.Slice(0, end));
                _reader.AdvanceTo(buffer.GetPosition(1, end));
                return line;
            }
            if (read.IsCompleted)
            {
                InputLine? last = buffer.IsEmpty && !_dropping ? null : Cut(buffer);
                _reader.AdvanceTo(buffer.End);
                return last;
            }
            if (_dropping || buffer.Length > MaxLineBytes)
            {
                // Forgotten piece by piece, so that an endless line takes no memory.
                _dropping = true;
                _reader.AdvanceTo(buffer.End);
            }
            else
            {
                _reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
    }

    private InputLine Cut(ReadOnlySequence<byte> bytes)
    {
        var tooLong = _dropping || bytes.Length > MaxLineBytes;
        _dropping = false;
        return tooLong ? new InputLine(default, true) : new InputLine(bytes.ToArray(), false);
    }
}
