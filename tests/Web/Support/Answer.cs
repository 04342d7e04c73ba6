using System.Net;
using System.Text.Json.Nodes;

namespace CodeExec.Tests.Web.Support;

/// <summary>One HTTP response, read as the test needs it.</summary>
internal sealed class Answer(HttpResponseMessage response) : IDisposable
{
    private EventReader? _events;

    public HttpStatusCode Status => response.StatusCode;

    public string? ContentType => response.Content.Headers.ContentType?.MediaType;

    /// <summary>The value of a header; null when it isn't there.</summary>
    public string? Header(string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;

    public Task<string> TextAsync() => response.Content.ReadAsStringAsync().WaitAsync(TestWeb.Patience);

    /// <summary>The body as JSON.</summary>
    public async Task<JsonNode> JsonAsync() => JsonNode.Parse(await TextAsync())!;

    /// <summary>The error that the body holds: its code and message.</summary>
    public async Task<(int Code, string Message)> ErrorAsync()
    {
        var error = (await JsonAsync())["error"]!;
        return ((int)error["code"]!, (string)error["message"]!);
    }

    /// <summary>The next message of the event stream.</summary>
    public async Task<JsonNode> NextAsync() => JsonNode.Parse((await (await EventsAsync()).NextEventAsync()).Data)!;

    /// <summary>The event stream.</summary>
    public async Task<EventReader> EventsAsync() => _events ??= new EventReader(await response.Content.ReadAsStreamAsync());

    /// <summary>Hangs up.</summary>
    public void Dispose()
    {
        response.Dispose();
        _events?.Dispose();
    }
}
