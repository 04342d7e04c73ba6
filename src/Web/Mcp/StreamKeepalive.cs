namespace CodeExec.Web.Mcp;

/// <summary>
/// An event stream that never stays silent for long: after a time without a write it writes a comment, which clients ignore and
/// routers count as life. Whole events and comments never mix. The timer starts with the first write or flush, or when
/// <see cref="StartWithin"/> says so; until then the response's status is still open. Any thread.
/// </summary>
/// <remarks>Each event is written with one call, by the SDK as by <see cref="EventWriter"/>, and that is the unit that is kept whole here.</remarks>
/// <seealso href="https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes"/>
internal sealed class StreamKeepalive : Stream
{
    private readonly Stream _inner;
    private readonly TimeSpan _silence;
    private readonly CancellationToken _gone;
    private readonly ReadingWatch _watch;
    private readonly ITimer _timer;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _started;
    private bool _ended;

    /// <summary>Puts itself before a response's body. The body stays the caller's.</summary>
    /// <param name="inner">The body.</param>
    /// <param name="silence">How long nothing may be written before a comment is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="gone">Cancelled when the client is gone.</param>
    /// <param name="cut">Cuts the connection, of a client that doesn't read.</param>
    public StreamKeepalive(Stream inner, TimeSpan silence, TimeProvider time, CancellationToken gone, Action cut)
    {
        _inner = inner;
        _watch = new ReadingWatch(time, cut);
        _silence = silence;
        _gone = gone;
        _timer = time.CreateTimer(_ => _ = BreakSilenceAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

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
    /// <remarks>
    /// Ends when the client has taken it, or is gone, and not for a cancelled call: Kestrel would answer that by cutting the connection, and with it
    /// every other call of the same stream, and the SDK's writer keeps what a cancelled write had begun and puts the next event right behind it.
    /// The buffer is copied before anybody waits for the client, so the caller may reuse it.
    /// </remarks>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(_gone);
        await InTurnAsync(() => WriteInPiecesAsync(buffer));
    }

    /// <summary>Writes an event that nobody changes afterwards, so that no copy of it is held for a client that is slow to read.</summary>
    public async ValueTask WriteUnchangingAsync(ReadOnlyMemory<byte> happened, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        await InTurnAsync(() => WriteEachAsync(happened)).WaitAsync(cancel);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(_gone);
        await InTurnAsync(() => _watch.EndsAsync(new ValueTask(_inner.FlushAsync(_gone))));
    }

    /// <summary>Starts the response with a comment unless something else does within a time.</summary>
    public void StartWithin(TimeSpan time) => _timer.Change(time, Timeout.InfiniteTimeSpan);

    /// <summary>Does something while the response has not started; does nothing later. The two never overlap.</summary>
    public async ValueTask BeforeStartAsync(Action change, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (!_started) change();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Writes a comment now.</summary>
    /// <param name="text">One line.</param>
    /// <param name="cancel">Ends the attempt; a client that doesn't read would hold it up.</param>
    public async Task WriteCommentAsync(string text, CancellationToken cancel)
    {
        await WriteAsync(System.Text.Encoding.UTF8.GetBytes($": {text}\n\n"), cancel);
        await FlushAsync(cancel);
    }

    /// <summary>Ends the keepalive. Nothing is written after it returns.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await _turn.WaitAsync(CancellationToken.None);
        _ended = true;
        _turn.Release();
        await base.DisposeAsync();
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

    private ValueTask WriteInPiecesAsync(ReadOnlyMemory<byte> buffer) =>
        // Kestrel copies a piece before it waits; of several, those that wait their turn are ours to keep.
        buffer.Length <= ReadingWatch.Piece ? _watch.EndsAsync(_inner.WriteAsync(buffer, _gone)) : WriteEachAsync(buffer.ToArray());

    private async ValueTask WriteEachAsync(ReadOnlyMemory<byte> rest)
    {
        for (; rest.Length > 0; rest = rest[Math.Min(ReadingWatch.Piece, rest.Length)..])
            await _watch.EndsAsync(_inner.WriteAsync(rest[..Math.Min(ReadingWatch.Piece, rest.Length)], _gone));
    }

    private async Task InTurnAsync(Func<ValueTask> write)
    {
        try
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _started = true;
            await write();
        }
        finally
        {
            GiveUpTurn();
        }
    }

    private async Task BreakSilenceAsync()
    {
        // Whoever has the turn is writing, so there is no silence to break, and sets the timer again when done.
        if (!await _turn.WaitAsync(TimeSpan.Zero, CancellationToken.None)) return;
        try
        {
            if (_ended) return;
            _started = true;
            await _watch.EndsAsync(_inner.WriteAsync(": keepalive\n\n"u8.ToArray(), _gone));
            await _watch.EndsAsync(new ValueTask(_inner.FlushAsync(_gone)));
        }
        catch (Exception)
        {
            // The client is gone. The request's own token tells everybody who has to know.
        }
        finally
        {
            GiveUpTurn();
        }
    }

    private void GiveUpTurn()
    {
        if (!_ended) _timer.Change(_silence, Timeout.InfiniteTimeSpan);
        _turn.Release();
    }
}
