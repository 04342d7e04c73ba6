using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CodeExec.Tests.Support.Inference;

/// <summary>One answer of the agents' endpoint: Server-Sent Events in the documented shapes.</summary>
internal sealed class AgentStream(HttpContext http, string model)
{
    private static readonly TimeSpan Pulse = TimeSpan.FromMilliseconds(200);
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly string _session = $"chatcmpl-{Guid.NewGuid():N}";
    private int _calls;

    public Task OpenAsync()
    {
        http.Response.ContentType = "text/event-stream";
        return WriteAsync("heartbeat", "");
    }

    /// <summary>The model's last words.</summary>
    public Task SayAsync(string text) => CompleteAsync("chat.completion", new JsonObject { ["role"] = "assistant", ["content"] = text, ["refusal"] = null }, "stop");

    /// <summary>The model's wish for a call.</summary>
    /// <returns>The call's id.</returns>
    public async Task<string> CallAsync(string tool, JsonObject arguments)
    {
        var id = $"tooluse_{++_calls}";
        await CompleteAsync("chat.completion", new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = "Let me work that out.",
            ["refusal"] = null,
            ["tool_calls"] = new JsonArray(new JsonObject
            {
                ["id"] = id,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = tool, ["arguments"] = arguments.ToJsonString() },
            }),
        }, "tool_calls");
        return id;
    }

    /// <summary>What the tool answered.</summary>
    /// <returns>The words that the model gets to read.</returns>
    public async Task<string> AnswerAsync(string id, string tool, JsonObject result)
    {
        var content = $"Tool '{tool}' returned result: {result.ToJsonString(Plain)}";
        await CompleteAsync("tool.completion", new JsonObject { ["role"] = "tool", ["content"] = content, ["refusal"] = null, ["tool_call_id"] = id, ["name"] = tool }, "");
        return content;
    }

    public Task FailToolAsync(string id, string tool, string reason) =>
        WriteAsync("tool.error", new JsonObject { ["object"] = "tool.error", ["id"] = id, ["name"] = tool, ["error"] = reason }.ToJsonString());

    public async Task FailAsync(string reason)
    {
        await WriteAsync("agent.error", new JsonObject { ["object"] = "agent.error", ["message"] = reason }.ToJsonString());
        await DoneAsync();
    }

    /// <summary>Heartbeats until the client leaves.</summary>
    public async Task BeatAsync()
    {
        while (!http.RequestAborted.IsCancellationRequested)
        {
            await WriteAsync("heartbeat", "");
            await Task.Delay(Pulse, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public Task DoneAsync() => WriteAsync("done", "[DONE]");

    private Task CompleteAsync(string kind, JsonObject message, string finishReason) => WriteAsync("message", new JsonObject
    {
        ["id"] = _session,
        ["object"] = kind,
        ["created"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["model"] = model,
        ["system_fingerprint"] = "heroku-inf-stand-in",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = finishReason }),
        ["usage"] = kind is "chat.completion" ? new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = 1, ["total_tokens"] = 2 } : [],
    }.ToJsonString());

    private async Task WriteAsync(string name, string data)
    {
        await http.Response.WriteAsync($"event: {name}\ndata: {data}\n\n");
        await http.Response.Body.FlushAsync();
    }
}
