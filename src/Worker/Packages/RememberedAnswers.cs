namespace CodeExec.Worker.Packages;

/// <summary>Answers to questions that are costly to ask again; the oldest go when there are too many. Any thread.</summary>
/// <param name="most">No more are kept.</param>
internal sealed class RememberedAnswers(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, bool> _answers = new(StringComparer.Ordinal);
    private readonly Queue<string> _oldestFirst = new();

    /// <summary>The answer; null when it isn't known, or no longer.</summary>
    public bool? this[string question]
    {
        get
        {
            lock (_lock) return _answers.TryGetValue(question, out var answer) ? answer : null;
        }
    }

    /// <summary>Keeps an answer.</summary>
    /// <returns>The answer.</returns>
    public bool Keep(string question, bool answer)
    {
        lock (_lock)
        {
            if (!_answers.TryAdd(question, answer)) return _answers[question] = answer;
            _oldestFirst.Enqueue(question);
            if (_oldestFirst.Count > most) _answers.Remove(_oldestFirst.Dequeue());
            return answer;
        }
    }
}
