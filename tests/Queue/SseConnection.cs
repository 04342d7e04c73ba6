using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;

namespace CodeExec.Tests.Queue;

/// <summary>A client of HTTP with SSE whose posts may go to another process than its stream. Disposing hangs up.</summary>
internal sealed class SseConnection : IDisposable
{
    private readonly HttpClient _client;
    private readonly HttpResponseMessage _response;

    private SseConnection(HttpClient client, HttpResponseMessage response, Stream body)
    {
        (_client, _response) = (client, response);
        _ = Stream.ReadAsync(new StreamReader(body, Encoding.UTF8));
    }

    /// <summary>Everything that came on the stream.</summary>
    public OutputTranscript Stream { get; } = new("stream");

    public static async Task<SseConnection> OpenAsync(HttpClient client, Uri web)
    {
        var response = await client.GetAsync(new Uri(web, "/sse"), HttpCompletionOption.ResponseHeadersRead);
        return new SseConnection(client, response, await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync());
    }

    /// <summary>Posts a message for this session to any web process.</summary>
    public async Task<HttpResponseMessage> PostAsync(Uri web, string message)
    {
        var opening = await Stream.HasAsync("\n\n");
        var address = opening.Split('\n').First(line => line.StartsWith("data: ", StringComparison.Ordinal))[6..];
        using var content = new StringContent(message, Encoding.UTF8, "application/json");
        return await _client.PostAsync(new Uri(web, address), content);
    }

    /// <summary>The answer to a request, once it has come.</summary>
    public async Task<ToolAnswer> AnswerAsync(int id)
    {
        var lines = (await Stream.HasAsync($"\"id\":{id},")).Split('\n');
        while (true)
        {
            // The id may have come without the rest of its line yet.
            var whole = lines[..^1].FirstOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal) && line.Contains($"\"id\":{id},", StringComparison.Ordinal));
            if (whole is not null) return new ToolAnswer(JsonNode.Parse(whole[6..])!["result"]!);
            lines = (await Stream.HasAsync(lines[^1] + "\n")).Split('\n');
        }
    }

    public void Dispose() => _response.Dispose();
}
