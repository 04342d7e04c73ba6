using System.Text;

namespace CodeExec.Tests.EndToEnd;

/// <summary>What a program has written on one stream so far, and a way to wait for more of it. Any thread.</summary>
public sealed class OutputTranscript(string name)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    public string Text { get { lock (_lock) return _text.ToString(); } }

    /// <summary>Waits until the text so far holds something.</summary>
    public Task<string> HasAsync(string wanted) => HasOneOfAsync(wanted);

    /// <summary>Waits until the text so far holds one of several things.</summary>
    public async Task<string> HasOneOfAsync(params string[] wanted)
    {
        using var patience = new CancellationTokenSource(Limit);
        while (true)
        {
            Task more;
            lock (_lock)
            {
                var text = _text.ToString();
                if (Array.Exists(wanted, one => text.Contains(one, StringComparison.Ordinal))) return text;
                if (_ended) throw new InvalidOperationException($"\"{string.Join("\" or \"", wanted)}\" never came; {this}");
                more = _more.Task;
            }
            try { await more.WaitAsync(patience.Token); }
            catch (OperationCanceledException fault) { throw new TimeoutException($"\"{string.Join("\" or \"", wanted)}\" did not come within {Limit}; {this}", fault); }
        }
    }

    internal async Task ReadAsync(StreamReader reader)
    {
        var buffer = new char[4096];
        for (int count; (count = await reader.ReadAsync(buffer)) > 0;) Add(new string(buffer, 0, count), ended: false);
        Add("", ended: true);
    }

    public override string ToString() => $"{name}: {Text}";

    private void Add(string text, bool ended)
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            _text.Append(text);
            _ended = ended;
            (waiting, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        waiting.SetResult();
    }
}
