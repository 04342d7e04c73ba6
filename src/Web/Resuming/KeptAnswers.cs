using System.Collections.Concurrent;
using CodeExec.Shared.Settings;
using CodeExec.Web.Mcp;

namespace CodeExec.Web.Resuming;

/// <summary>
/// The answers of this process that clients may come back for, until nobody has read them for <see cref="WebOptions.ResumeTime"/>. Those that
/// are over are forgotten earlier, oldest first, when all together are too large, or when many are there that were sent whole. Any thread.
/// </summary>
internal sealed class KeptAnswers(WebOptions options, TimeProvider time) : IDisposable
{
    /// <summary>How much all of them may hold before those that are over are forgotten.</summary>
    public const long MostBytes = 32 * 1024 * 1024;

    /// <summary>
    /// How many are kept that were sent whole. Nearly all are, at thousands of calls a second, and few of them got lost on their last way.
    /// </summary>
    public const int MostSentWhole = 1000;

    private readonly ConcurrentDictionary<string, KeptAnswer> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<KeptAnswer> _over = new();
    private readonly ConcurrentQueue<KeptAnswer> _sentWhole = new();
    private readonly ConcurrentDictionary<string, Unread> _unread = new(StringComparer.Ordinal);
    private long _bytes;

    /// <summary>How many there are.</summary>
    public int Count => _answers.Count;

    /// <summary>
    /// Why a caller's further calls aren't served now; null when they are. A call's turn ends when its answer is here, read or not, so turns
    /// don't bound what unread answers hold.
    /// </summary>
    public Refusal? RefusalOf(string caller) => _unread.TryGetValue(caller, out var unread) && Interlocked.Read(ref unread.Bytes) is var bytes && bytes > options.ShareOf((int)MostBytes)
        ? new Refusal(StatusCodes.Status429TooManyRequests, Refusal.RequestRefused,
            $"The answers to your calls that no connection has read yet hold {bytes} bytes, more than the {options.ShareOf((int)MostBytes)} that one caller's may. Read them first.")
        {
            RetryAfter = TimeSpan.FromSeconds(5),
        }
        : null;

    /// <summary>Begins an answer.</summary>
    /// <param name="session">The session that it belongs to.</param>
    /// <param name="caller">Who calls: the name of the key.</param>
    public KeptAnswer Open(string session, string caller)
    {
        var unread = _unread.GetOrAdd(caller, _ => new Unread());
        var answer = new KeptAnswer(session, options.ResumeTime, time, by => Interlocked.Add(ref _bytes, by), by => Interlocked.Add(ref unread.Bytes, by), Forget);
        _answers[answer.Id] = answer;
        return answer;
    }

    /// <summary>Notes that an answer is complete.</summary>
    public void Close(KeptAnswer answer)
    {
        answer.End();
        _over.Enqueue(answer);
        // One that is still read goes when its reader does.
        while (Interlocked.Read(ref _bytes) > MostBytes && _over.TryDequeue(out var oldest))
            if (oldest.IsIdle) Forget(oldest);
    }

    /// <summary>Notes that a reader was sent all of a complete answer.</summary>
    public void NoteSentWhole(KeptAnswer answer)
    {
        answer.NoteRead();
        _sentWhole.Enqueue(answer);
        while (_sentWhole.Count > MostSentWhole && _sentWhole.TryDequeue(out var oldest))
            if (oldest.IsIdle) Forget(oldest);
    }

    /// <summary>Finds an answer for the session that it belongs to.</summary>
    public KeptAnswer? Find(string id, string session) => _answers.TryGetValue(id, out var answer) && answer.Session == session ? answer : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var answer in _answers.Values) Forget(answer);
    }

    private void Forget(KeptAnswer answer)
    {
        _answers.TryRemove(answer.Id, out _);
        answer.Dispose();
        while (_over.TryPeek(out var oldest) && oldest.IsForgotten) _over.TryDequeue(out _);
    }

    // What waits for a reader, of all answers of one caller.
    private sealed class Unread
    {
        public long Bytes;
    }
}
