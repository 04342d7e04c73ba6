using System.Text;

namespace CodeExec.Worker.Forking;

/// <summary>Drains what a fork server prints, which is little, and keeps the beginning for the log. Any thread.</summary>
internal sealed class ServerOutput
{
    private const int Longest = 4096;

    // Children that wait hold the pipe, too, and end a moment after their server.
    private static readonly TimeSpan LastWordsLimit = TimeSpan.FromMilliseconds(50);

    private readonly StringBuilder _text = new();
    private readonly Task _reading;

    public ServerOutput(Stream pipe) => _reading = ReadAsync(pipe);

    /// <summary>What was printed so far.</summary>
    public string Text
    {
        get
        {
            lock (_text) return _text.ToString().Trim();
        }
    }

    /// <summary>Waits a moment for what a server that has ended said last.</summary>
    public async Task LastWordsAsync() => await _reading.WaitAsync(LastWordsLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task ReadAsync(Stream pipe)
    {
        using var reader = new StreamReader(pipe);
        var block = new char[1024];
        try
        {
            while (await reader.ReadAsync(block) is > 0 and var read)
                lock (_text) _text.Append(block, 0, Math.Min(read, Longest - _text.Length));
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It was ended meanwhile.
        }
    }
}
