using System.Text;

namespace CodeExec.Tests.Web.Support;

/// <summary>Reads an event stream as a browser would, but shows comments too.</summary>
internal sealed class EventReader(Stream stream) : IDisposable
{
    private readonly StreamReader _lines = new(stream, Encoding.UTF8);

    /// <summary>The id of the last event that had one.</summary>
    public string? LastId { get; private set; }

    /// <summary>When the client shall come back, in ms, as the stream said last.</summary>
    public string? Retry { get; private set; }

    public void Dispose() => _lines.Dispose();

    /// <summary>The next event; comments before it are skipped.</summary>
    public async Task<(string Event, string Data)> NextEventAsync()
    {
        while (true)
            if (await NextAsync() is { Comment: null } happened) return (happened.Event ?? "message", happened.Data ?? "");
    }

    /// <summary>The next comment's text.</summary>
    /// <exception cref="EndOfStreamException">The stream ended, or an event came first.</exception>
    public async Task<string> NextCommentAsync() =>
        (await NextAsync()).Comment ?? throw new EndOfStreamException("An event came where a comment was expected.");

    /// <summary>Reads on until the stream ends; returns what was left.</summary>
    public async Task<string> RestAsync() => await _lines.ReadToEndAsync().WaitAsync(TestWeb.Patience);

    private async Task<(string? Event, string? Data, string? Comment)> NextAsync()
    {
        (string? Event, string? Data, string? Comment) read = default;
        while (true)
        {
            var line = await _lines.ReadLineAsync().WaitAsync(TestWeb.Patience) ?? throw new EndOfStreamException("The event stream ended.");
            if (line.Length == 0)
            {
                if (read != default) return read;
            }
            else if (line.StartsWith(": ", StringComparison.Ordinal)) read.Comment = line[2..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) read.Event = line[7..];
            else if (line.StartsWith("id: ", StringComparison.Ordinal)) LastId = line[4..];
            else if (line.StartsWith("retry: ", StringComparison.Ordinal)) Retry = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal)) read.Data += line[6..];
        }
    }
}
