using System.Collections.Concurrent;
using CodeExec.Shared.Settings;

namespace CodeExec.Web.Resuming;

/// <summary>
/// The answers of this process that clients may come back for, until nobody has read them for <see cref="WebOptions.ResumeTime"/>. Those that
/// are over are forgotten earlier, oldest first, when all together are too large. Any thread.
/// </summary>
internal sealed class KeptAnswers(WebOptions options, TimeProvider time) : IDisposable
{
    /// <summary>How much all of them may hold before those that are over are forgotten.</summary>
    public const long MostBytes = 32 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, KeptAnswer> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<KeptAnswer> _over = new();
    private long _bytes;

    /// <summary>How many there are.</summary>
    public int Count => _answers.Count;

    /// <summary>Begins an answer.</summary>
    public KeptAnswer Open(string session)
    {
        var answer = new KeptAnswer(session, options.ResumeTime, time, by => Interlocked.Add(ref _bytes, by), Forget);
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
}
