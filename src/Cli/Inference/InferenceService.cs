using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeExec.Cli.Mcp;

namespace CodeExec.Cli.Inference;

/// <summary>Heroku's Managed Inference API: what it knows of MCP servers, and its agents. One caller.</summary>
/// <seealso href="https://devcenter.heroku.com/articles/heroku-inference-api-v1-agents-heroku"/>
public sealed class InferenceService : IDisposable
{
    // Far more than any list of servers; an answer without end takes no more memory than this.
    private const int LargestAnswer = 16 * 1024 * 1024;

    // Enough of an error's body to tell what is wrong.
    private const int ShownLetters = 500;

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);
    private readonly InferenceEnvironment _environment;
    private readonly HttpClient _http;

    /// <summary>Prepares; connects with the first request.</summary>
    /// <param name="environment">Where the service is.</param>
    public InferenceService(InferenceEnvironment environment)
    {
        _environment = environment;
        // A redirect would only ever be an answer from somebody else.
        _http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = ConnectLimit, AllowAutoRedirect = false })
        {
            BaseAddress = environment.Url,
            // Each request brings its own limit.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", environment.Key);
    }

    /// <summary>The MCP servers that are registered with the model, as the service lists them.</summary>
    /// <exception cref="ServerException">The service can't be reached, refuses, or answers with something else.</exception>
    public async Task<JsonArray> ServersAsync(CancellationToken cancel)
    {
        using var response = await ReadAsync(() => _http.GetAsync("v1/mcp/servers", cancel));
        await CheckAsync(response, cancel);
        try
        {
            return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancel)) as JsonArray ?? throw NoAnswerOfTheApi();
        }
        catch (JsonException)
        {
            throw NoAnswerOfTheApi();
        }
    }

    /// <summary>Puts a question to an agent and tells what it does while it does it.</summary>
    /// <param name="question">The user's message.</param>
    /// <param name="model">The model's name.</param>
    /// <param name="tools">What the agent may use.</param>
    /// <param name="cancel">Ends the conversation.</param>
    /// <returns>The service's events up to and without its last one, <c>done</c>.</returns>
    /// <exception cref="ServerException">The service can't be reached, refuses, or stops in the middle.</exception>
    public async IAsyncEnumerable<AgentEvent> AskAsync(string question, string model, IReadOnlyList<AgentTool> tools, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await PostAsync(question, model, tools, cancel);
        await using var stream = await ReadAsync(() => response.Content.ReadAsStreamAsync(cancel));
        await using var events = SseParser.Create(stream).EnumerateAsync(cancel).GetAsyncEnumerator(cancel);
        while (await ReadAsync(() => events.MoveNextAsync().AsTask()))
        {
            var current = events.Current;
            if (current.EventType is "done" || current.Data is "[DONE]") yield break;
            yield return AgentEvent.Read(current.EventType, current.Data);
        }
        throw new ServerException($"{Name} ended its answer without the event \"done\": what came is not all. Ask again.", ExitCodes.Unavailable);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> PostAsync(string question, string model, IReadOnlyList<AgentTool> tools, CancellationToken cancel)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
            ["tools"] = new JsonArray([.. tools.Select(tool => (JsonNode)tool.ToJson())]),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/agents/heroku") { Content = new StringContent(body.ToJsonString(JsonText.OneLine), Encoding.UTF8, "application/json") };
        // As the service's documents do in every example.
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        var response = await ReadAsync(() => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel));
        try
        {
            await CheckAsync(response, cancel);
            return response.Content.Headers.ContentType?.MediaType is "text/event-stream" ? response : throw NoAnswerOfTheApi();
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private async Task CheckAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        if (response.IsSuccessStatusCode) return;
        var status = $"{(int)response.StatusCode} ({response.StatusCode})";
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw new ServerException($"{Name} refused INFERENCE_KEY: {status}. Take the key of the model's own app: export INFERENCE_KEY=$(heroku config:get INFERENCE_KEY -a $APP_NAME)", ExitCodes.KeyRefused);
        var said = await ReadAsync(() => ReasonAsync(response, cancel));
        // What the request holds can be put right; what the service lacks can't.
        var isOurs = (int)response.StatusCode is >= 400 and < 500 and not 404;
        throw new ServerException(
            $"{Name} answered {status}{said}. {(isOurs ? "Mend the request, or try again later." : "Is INFERENCE_URL the model's, as `heroku config` shows it?")}",
            isOurs ? ExitCodes.Failed : ExitCodes.Unavailable);
    }

    // The API's own words when it has any; never the key, which some services repeat in their errors.
    private async Task<string> ReasonAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var text = (await response.Content.ReadAsStringAsync(cancel)).Trim();
        try
        {
            if (JsonNode.Parse(text) is JsonObject { } answer)
                text = AgentEvent.Text((answer["error"] as JsonObject)?["message"]) ?? AgentEvent.Text(answer["message"]) ?? AgentEvent.Text(answer["error"]) ?? text;
        }
        catch (JsonException)
        {
            // A proxy's page; its beginning is shown.
        }
        text = text.Replace(_environment.Key, "[INFERENCE_KEY]", StringComparison.Ordinal).TrimEnd('.');
        return text.Length == 0 ? "" : $": {(text.Length > ShownLetters ? text[..ShownLetters] + "…" : text)}";
    }

    private async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        // A connection that takes too long ends as a cancellation that nobody asked for.
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException { InnerException: TimeoutException })
        {
            throw Unreachable(fault);
        }
    }

    private ServerException Unreachable(Exception fault) =>
        new($"{Name} can't be reached, or went away: {fault.Message.TrimEnd('.')}. Is INFERENCE_URL the model's, as `heroku config` shows it?", ExitCodes.Unavailable, fault);

    private ServerException NoAnswerOfTheApi() =>
        new($"{Name} answered with something that is not of this API. Is INFERENCE_URL the model's, as `heroku config` shows it?", ExitCodes.Unavailable);

    // Without user name and password.
    private string Name => $"The Inference service at {_environment.Url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}";
}
