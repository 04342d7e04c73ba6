using System.Text.Json.Nodes;

namespace CodeExec.Tests.Web.Support;

/// <summary>A client of HTTP with SSE, by hand.</summary>
internal sealed class SseClient : IDisposable
{
    private readonly TestWeb _web;
    private readonly Answer _stream;

    private SseClient(TestWeb web, Answer stream, string address) => (_web, _stream, Address) = (web, stream, address);

    /// <summary>Where its messages go.</summary>
    public string Address { get; }

    public static async Task<SseClient> OpenAsync(TestWeb web, params (string Name, string Value)[] headers)
    {
        var stream = await web.SendAsync(HttpMethod.Get, "/sse", headers);
        return new SseClient(web, stream, (await (await stream.EventsAsync()).NextEventAsync()).Data);
    }

    public Task<Answer> PostAsync(string message, params (string Name, string Value)[] headers) => _web.PostAsync(Address, message, headers);

    /// <summary>The next message on the stream.</summary>
    public Task<JsonNode> NextAsync() => _stream.NextAsync();

    /// <summary>The stream itself.</summary>
    public Task<EventReader> EventsAsync() => _stream.EventsAsync();

    /// <summary>Hangs up.</summary>
    public void Dispose() => _stream.Dispose();
}
