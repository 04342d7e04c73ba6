using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeExec.Tests.Support.Inference;

/// <summary>
/// Heroku's Managed Inference API on loopback, in the documented shapes. It really starts the app's MCP process for each list and each
/// call, as on a one-off dyno; only the model is scripted.
/// </summary>
/// <seealso href="https://devcenter.heroku.com/articles/heroku-inference-api-v1-agents-heroku"/>
internal sealed class InferenceStandIn : IAsyncDisposable
{
    private const string ProcessType = "mcp-python";
    private static readonly string[] Models = ["claude-3-7-sonnet", "the-attached-model"];
    private readonly DynoPlan _dyno;
    private readonly AgentModel _model;
    private readonly WebApplication _server;

    private InferenceStandIn(DynoPlan dyno, AgentModel model)
    {
        (_dyno, _model) = (dyno, model);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.Use(CheckKeyAsync);
        _server.MapGet("/v1/mcp/servers", ListServersAsync);
        _server.MapPost("/v1/agents/heroku", RunAgentAsync);
    }

    /// <summary>INFERENCE_KEY.</summary>
    public string Key { get; } = "inf-6c0a7e5d-a-key-that-must-not-show";

    /// <summary>INFERENCE_URL.</summary>
    public Uri Url => new(_server.Urls.Single());

    /// <summary>What was posted to the agent.</summary>
    public ConcurrentQueue<JsonObject> Questions { get; } = new();

    /// <summary>The exit codes of the dynos that have ended.</summary>
    public ConcurrentQueue<int> DynoEnds { get; } = new();

    public static async Task<InferenceStandIn> StartAsync(DynoPlan dyno, AgentModel model)
    {
        var service = new InferenceStandIn(dyno, model);
        await service._server.StartAsync();
        return service;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task CheckKeyAsync(HttpContext http, RequestDelegate next)
    {
        var sent = $"{http.Request.Headers.Authorization}";
        if (sent == $"Bearer {Key}") await next(http);
        // Repeats what was sent, as some services do: a client must not show it.
        else await RefuseAsync(http, 401, $"Unauthorized: {sent}");
    }

    private async Task ListServersAsync(HttpContext http)
    {
        var listed = await OnDynoAsync(dyno => dyno.AskAsync("tools/list", []));
        var server = new JsonObject
        {
            ["id"] = "01981f0e-0000-7000-8000-000000000001",
            ["app_id"] = "01981f0e-0000-7000-8000-000000000002",
            ["process_type"] = ProcessType,
            ["process_command"] = _dyno.CommandLine,
            ["created_at"] = "2026-11-22T00:00:00.000+00:00",
            ["updated_at"] = "2026-11-22T00:00:00.000+00:00",
            ["tools"] = new JsonArray([.. listed["tools"]!.AsArray().Select(tool => (JsonNode)new JsonObject
            {
                ["name"] = tool!["name"]!.DeepClone(),
                ["namespaced_name"] = $"{ProcessType}/{tool["name"]}",
                ["description"] = tool["description"]!.DeepClone(),
                ["input_schema"] = tool["inputSchema"]!.DeepClone(),
                ["annotations"] = tool["annotations"]!.DeepClone(),
            })]),
            ["server_status"] = "registered",
            ["primitives_status"] = "synced",
            ["namespace"] = ProcessType,
        };
        await WriteJsonAsync(http, new JsonArray(server));
    }

    private async Task RunAgentAsync(HttpContext http)
    {
        if (await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) is not JsonObject request
            || request["model"] is not JsonValue model || request["messages"] is not JsonArray { Count: > 0 } messages)
        {
            await RefuseAsync(http, 400, "model and messages are required.");
            return;
        }
        if (!Models.Contains(model.GetValue<string>()))
        {
            await RefuseAsync(http, 400, $"There is no model \"{model}\".");
            return;
        }
        Questions.Enqueue(request);
        var stream = new AgentStream(http, model.GetValue<string>());
        await stream.OpenAsync();
        var question = messages[^1]!["content"]!.GetValue<string>();
        var allowed = (request["tools"] as JsonArray ?? []).Select(tool => tool!["name"]!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var answers = new List<string>();
        // The real agents stop after a while too; more turns than any test's model takes.
        for (var turn = 0; turn < 10; turn++)
        {
            switch (_model(question, answers))
            {
                case AgentTurn.Says said:
                    await stream.SayAsync(said.Text);
                    await stream.DoneAsync();
                    return;
                case AgentTurn.Fails failed:
                    await stream.FailAsync(failed.Reason);
                    return;
                case AgentTurn.Breaks:
                    http.Abort();
                    return;
                case AgentTurn.Ponders:
                    await stream.BeatAsync();
                    return;
                case AgentTurn.Calls call:
                    answers.Add(await CallAsync(stream, call, allowed));
                    break;
            }
        }
        await stream.FailAsync("The agent made 10 calls without an answer.");
    }

    private async Task<string> CallAsync(AgentStream stream, AgentTurn.Calls call, HashSet<string> allowed)
    {
        var name = call.Tool is "code_exec_python" ? $"{ProcessType}/{call.Tool}" : call.Tool;
        var id = await stream.CallAsync(name, call.Arguments);
        try
        {
            if (!allowed.Contains(call.Tool) && !allowed.Contains(name)) throw new InvalidOperationException($"The request doesn't name the tool {call.Tool}.");
            if (call.Tool is "html_to_markdown" or "pdf_to_markdown")
                return await stream.AnswerAsync(id, name, new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "# A page" }), ["isError"] = false });
            return await OnDynoAsync(async dyno =>
            {
                var result = await dyno.AskAsync("tools/call", new JsonObject { ["name"] = call.Tool, ["arguments"] = call.Arguments.DeepClone() });
                return await stream.AnswerAsync(id, name, new JsonObject { ["content"] = result["content"]!.DeepClone(), ["isError"] = result["isError"]?.DeepClone() ?? false });
            });
        }
        catch (InvalidOperationException fault)
        {
            await stream.FailToolAsync(id, name, fault.Message);
            return fault.Message;
        }
    }

    private async Task<T> OnDynoAsync<T>(Func<OneOffDyno, Task<T>> talk)
    {
        await using var dyno = OneOffDyno.Start(_dyno);
        await dyno.OpenAsync();
        var result = await talk(dyno);
        DynoEnds.Enqueue(await dyno.EndAsync());
        return result;
    }

    private static Task RefuseAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        return WriteJsonAsync(http, new JsonObject { ["error"] = new JsonObject { ["code"] = status, ["message"] = message, ["type"] = "invalid_request_error" } });
    }

    private static async Task WriteJsonAsync(HttpContext http, JsonNode answer)
    {
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(answer.ToJsonString());
    }
}
