using System.Buffers;
using System.Text;
using CodeExec.Shared.Jobs;

namespace CodeExec.Worker.Execution;

/// <summary>
/// Drains one pipe to its end, always, however much comes: keeps head and tail, hands the beginning on as it comes. One task reads;
/// <see cref="Kept"/> is for whoever awaited <see cref="ReadAsync"/>.
/// </summary>
internal sealed class OutputReader(Stream pipe, OutputStream stream, int limit, JobEventLog events, PrintedBytes printed)
{
    private readonly BoundedOutput _kept = new(limit);
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private int _streamable = limit;

    /// <summary>What was kept.</summary>
    public BoundedOutput Kept => _kept;

    /// <summary>Reads until the pipe ends or nobody waits for its end any more.</summary>
    public async Task ReadAsync(CancellationToken stop)
    {
        // A pipe holds 64 KiB, so a larger buffer never fills.
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            while (await pipe.ReadAsync(buffer, stop) is var count and > 0) Take(buffer.AsSpan(0, count));
        }
        catch (OperationCanceledException)
        {
            // A process that left the job's group holds the pipe; what it would print belongs to no job.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        // Where streaming ended at the limit, half a character that waits there is no broken one.
        if (_streamable > 0) Stream([], flush: true);
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _kept.Append(bytes);
        printed.Add(bytes.Length);
        if (_streamable == 0) return;
        var shown = bytes[..Math.Min(bytes.Length, _streamable)];
        _streamable -= shown.Length;
        Stream(shown, flush: false);
    }

    private void Stream(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = ArrayPool<char>.Shared.Rent(Encoding.UTF8.GetMaxCharCount(bytes.Length + 4));
        var count = _decoder.GetChars(bytes, characters, flush);
        if (count > 0) events.Output(stream, new string(characters, 0, count));
        ArrayPool<char>.Shared.Return(characters);
    }
}

/// <summary>Counts what a job prints on both streams, and says once when it is too much. Any thread.</summary>
internal sealed class PrintedBytes(long limit)
{
    private readonly TaskCompletionSource _exceeded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _total;

    /// <summary>Done once the limit is passed.</summary>
    public Task Exceeded => _exceeded.Task;

    /// <summary>Counts more.</summary>
    public void Add(int bytes)
    {
        if (Interlocked.Add(ref _total, bytes) > limit) _exceeded.TrySetResult();
    }
}
