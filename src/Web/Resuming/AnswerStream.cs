using System.Buffers;
using System.Text;
using ModelContextProtocol.Protocol;

namespace CodeExec.Web.Resuming;

/// <summary>What an answer that is kept is written to: each event gets its id and goes into the answer. One thread at a time.</summary>
/// <remarks>An event ends where its writer flushes, and the next begins after that.</remarks>
internal sealed class AnswerStream(KeptAnswer answer, string web, RequestId request) : Stream
{
    private readonly ArrayBufferWriter<byte> _event = new();

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_event.WrittenCount == 0) _event.Write(Encoding.ASCII.GetBytes($"id: {new EventId(web, answer.Id, request, answer.NextNumber)}\n"));
        _event.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_event.WrittenCount == 0) return;
        var happened = _event.WrittenSpan.ToArray();
        _event.ResetWrittenCount();
        // A cancelled call's event is added, too: the SDK would keep it and put the next right behind it.
        await answer.AddAsync(happened, answer.Abandoned);
    }

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
