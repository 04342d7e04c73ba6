using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.EndToEnd;
using CodeExec.Tests.Web.Support;

namespace CodeExec.Tests.Queue;

/// <summary>One call of the tool over Streamable HTTP, while it runs and to its end. Disposing hangs up.</summary>
internal sealed class ToolCall : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);
    private readonly HttpResponseMessage _response;
    private readonly OutputTranscript _stream = new("answer");
    private readonly Task _reading;
    private readonly int _id;

    private ToolCall(HttpResponseMessage response, Stream body, int id)
    {
        (_response, _id) = (response, id);
        _reading = _stream.ReadAsync(new StreamReader(body, Encoding.UTF8));
    }

    /// <summary>Sends the call; returns when the answer's headers are there, which is before the code runs.</summary>
    public static async Task<ToolCall> StartAsync(HttpClient client, Uri web, string code, string? package = null, int id = 1, string? session = null)
    {
        var call = JsonNode.Parse(Messages.Call(id, code, progressToken: $"{id}"))!;
        if (package is not null) call["params"]!["arguments"]!["packages"] = new JsonArray(package);
        var response = await PostAsync(client, web, call.ToJsonString(), session);
        return new ToolCall(response, await response.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(), id);
    }

    /// <summary>Posts any message to the endpoint of Streamable HTTP.</summary>
    public static async Task<HttpResponseMessage> PostAsync(HttpClient client, Uri web, string message, string? session = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(web, "/mcp")) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (session is not null) request.Headers.Add("Mcp-Session-Id", session);
        if (key is not null) request.Headers.Add("x-api-key", key);
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Waits until the code's output so far, as it was streamed, holds this.</summary>
    public Task PrintedAsync(string text) => _stream.HasAsync(text);

    /// <summary>Waits for the answer: exactly one, as the last message of the stream.</summary>
    public async Task<ToolAnswer> AnswerAsync()
    {
        await _reading.WaitAsync(Limit);
        var messages = _stream.Text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => Parse(line[6..])).ToList();
        var answers = messages.Where(message => (int?)message["id"] == _id).ToList();
        Assert.True(answers.Count == 1 && messages[^1] == answers[0], $"One answer, at the end, was expected: {_stream}");
        return new ToolAnswer(answers[0]["result"] ?? throw new InvalidOperationException($"The call was answered with a protocol error: {answers[0]}"));
    }

    public void Dispose() => _response.Dispose();

    private JsonNode Parse(string data)
    {
        try
        {
            return JsonNode.Parse(data)!;
        }
        catch (System.Text.Json.JsonException fault)
        {
            throw new InvalidOperationException($"An event isn't JSON: {_stream}", fault);
        }
    }
}

/// <summary>What a call was answered with.</summary>
internal sealed record ToolAnswer(JsonNode Result)
{
    public bool IsError => (bool?)Result["isError"] ?? false;

    public string Text => (string)Result["content"]![0]!["text"]!;

    /// <summary>The result's status; null when the call was refused.</summary>
    public string? Status => (string?)Result["structuredContent"]?["status"];

    public string Stdout => (string?)Result["structuredContent"]?["stdout"] ?? throw new InvalidOperationException($"The call was answered without output: {this}");

    public override string ToString() => Result.ToJsonString();
}
