using System.Buffers;
using System.IO.Pipelines;

namespace CodeExec.Worker.Stdio;

/// <summary>One line of input.</summary>
/// <param name="Bytes">Without its end; empty when it was too long.</param>
/// <param name="TooLong">Whether it passed the limit and was dropped.</param>
internal readonly record struct InputLine(ReadOnlyMemory<byte> Bytes, bool TooLong);

/// <summary>Cuts a stream into lines of bounded length. The last one may lack its end. One thread at a time.</summary>
/// <remarks>
/// The input also ends with a ^D (0x04) that nothing follows: <c>heroku run</c> writes one when its own input ends, and leaves the stream
/// open. No JSON holds that byte.
/// </remarks>
internal sealed class LineReader(Stream input, int maxLineBytes)
{
    private const byte EndOfTransmission = 0x04;

    private readonly PipeReader _reader = PipeReader.Create(input);
    private bool _dropping;
    private bool _ended;

    /// <summary>The longest accepted line.</summary>
    public int MaxLineBytes { get; } = maxLineBytes;

    /// <summary>The next line; null at the end of the input.</summary>
    public async ValueTask<InputLine?> ReadAsync(CancellationToken cancel)
    {
        while (!_ended)
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
            if (read.IsCompleted || EndsTransmission(buffer))
            {
                _ended = true;
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
        return null;
    }

    private static bool EndsTransmission(in ReadOnlySequence<byte> buffer) => !buffer.IsEmpty && buffer.Slice(buffer.Length - 1).FirstSpan[0] == EndOfTransmission;

    private InputLine Cut(ReadOnlySequence<byte> bytes)
    {
        var tooLong = _dropping || bytes.Length > MaxLineBytes;
        _dropping = false;
        return tooLong ? new InputLine(default, true) : new InputLine(bytes.ToArray(), false);
    }
}
