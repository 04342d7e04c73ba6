using System.Text.Json.Nodes;

namespace CodeExec.Tests.Web.Support;

/// <summary>A call by a client of revision 2025-11-25, which can come back for the rest of its answer.</summary>
internal sealed class ResumableCall : IDisposable
{
    private readonly TestWeb _web;
    private readonly (string, string)[] _headers;
    private Answer _answer;
    private string? _last;

    private ResumableCall(TestWeb web, (string, string)[] headers, Answer answer) => (_web, _headers, _answer) = (web, headers, answer);

    public (string, string)[] Headers => _headers;

    /// <summary>Makes a session and starts a call in it.</summary>
    public static async Task<ResumableCall> StartAsync(TestWeb web, int id = 1, params (string, string)[] key)
    {
        using var hello = await web.PostAsync("/mcp", Messages.Initialize("2025-11-25"), key);
        (string, string)[] headers = [("Mcp-Session-Id", hello.Header("Mcp-Session-Id")!), ("MCP-Protocol-Version", "2025-11-25"), .. key];
        return new ResumableCall(web, headers, await web.PostAsync("/mcp", Messages.Call(id, progressToken: "p"), headers));
    }

    /// <summary>The event that begins the answer: its id is there, its data isn't.</summary>
    public async Task<EventReader> BegunAsync()
    {
        var events = await _answer.EventsAsync();
        Assert.Equal(("message", ""), await events.NextEventAsync());
        return events;
    }

    public Task<JsonNode> NextAsync() => _answer.NextAsync();

    public async Task<string> RestAsync() => await (await _answer.EventsAsync()).RestAsync();

    /// <summary>Loses its connection.</summary>
    public void Dispose() => _answer.Dispose();

    /// <summary>Comes back with the last event that it has had.</summary>
    public async Task ComeBackAsync()
    {
        _last = (await _answer.EventsAsync()).LastId ?? _last;
        _answer.Dispose();
        _answer = await _web.SendAsync(HttpMethod.Get, "/mcp", [.. _headers, ("Last-Event-ID", _last!)]);
        Assert.Equal("the rest follows", await (await _answer.EventsAsync()).NextCommentAsync());
    }
}
