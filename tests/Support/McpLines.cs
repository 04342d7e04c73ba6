using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeExec.Tests.Support;

/// <summary>A client that speaks JSON-RPC by hand, one line a message, so that it can also say what no library would. Any thread.</summary>
internal sealed class McpLines
{
    private readonly Stream _toServer;
    private readonly Lock _lock = new();
    private readonly List<JsonElement> _received = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public McpLines(Stream toServer, Stream fromServer)
    {
        _toServer = toServer;
        Ended = ReadAsync(fromServer);
    }

    /// <summary>Done when the server said its last word. Fails when it said something that is no JSON-RPC.</summary>
    public Task Ended { get; }

    /// <summary>All messages so far, in order.</summary>
    public IReadOnlyList<JsonElement> Received { get { lock (_lock) return [.. _received]; } }

    /// <summary>The ids of the answers so far, in order.</summary>
    public IEnumerable<string> AnsweredIds => Received.Where(IsAnswer).Select(message => message.GetProperty("id").GetRawText());

    public static string Initialize(int id, string version = "2025-06-18", string clientName = "tests") =>
        Request(id, "initialize", $$$"""{"protocolVersion":"{{{version}}}","capabilities":{},"clientInfo":{"name":{{{JsonSerializer.Serialize(clientName)}}},"version":"1"}}""");

    public static string Initialized => """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    public static string Cancel(int id) => $$$"""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{{{id}}},"reason":"enough"}}""";

    public static string Request(int id, string method, string parameters = "{}") => $$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"{{{method}}}","params":{{{parameters}}}}""";

    /// <summary>A call of the tool with these arguments, as JSON.</summary>
    public static string CallWith(int id, string arguments, string? progressToken = null) =>
        Request(id, "tools/call", new JsonObject
        {
            ["name"] = "code_exec_python",
            ["arguments"] = JsonNode.Parse(arguments),
            ["_meta"] = progressToken is null ? null : new JsonObject { ["progressToken"] = progressToken },
        }.ToJsonString());

    /// <summary>A call of the tool with this code.</summary>
    public static string Call(int id, string code, string? progressToken = null, params string[] packages) => CallWith(id, new JsonObject
    {
        ["code"] = code,
        ["packages"] = packages.Length == 0 ? null : new JsonArray([.. packages.Select(package => (JsonNode)package)]),
    }.ToJsonString(), progressToken);

    /// <summary>Sends lines, each with its end.</summary>
    public Task SendAsync(params string[] lines) => SendRawAsync(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendRawAsync(byte[] bytes)
    {
        await _toServer.WriteAsync(bytes);
        await _toServer.FlushAsync();
    }

    /// <summary>Says that nothing follows.</summary>
    public void CloseInput() => _toServer.Dispose();

    /// <summary>The whole answer to a request: with its result or its error.</summary>
    public Task<JsonElement> AnswerAsync(int id) => FindAsync(message => IsAnswer(message) && message.GetProperty("id").GetRawText() == $"{id}");

    /// <summary>The first message of a kind.</summary>
    public async Task<JsonElement> FindAsync(Func<JsonElement, bool> fits)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_received.FindIndex(message => fits(message)) is var place and >= 0) return _received[place];
                changed = _changed.Task;
            }
            await (await Task.WhenAny(changed, Ended).Within());
            if (Ended.IsCompleted && !Received.Any(fits)) throw new EndOfStreamException($"The server ended before that; it said: {string.Join('\n', Received)}");
        }
    }

    /// <summary>Opens the session.</summary>
    public async Task<JsonElement> OpenAsync(string clientName = "tests")
    {
        await SendAsync(Initialize(0, clientName: clientName), Initialized);
        return await AnswerAsync(0);
    }

    /// <summary>Calls the tool and returns its result.</summary>
    public async Task<JsonElement> CallAsync(int id, string code, params string[] packages)
    {
        await SendAsync(Call(id, code, null, packages));
        return (await AnswerAsync(id)).GetProperty("result");
    }

    /// <summary>Whether a message answers a request.</summary>
    public static bool IsAnswer(JsonElement message) => !message.TryGetProperty("method", out _);

    private async Task ReadAsync(Stream fromServer)
    {
        using var reader = new StreamReader(fromServer, new UTF8Encoding(false, throwOnInvalidBytes: true));
        while (await reader.ReadLineAsync() is { } line)
        {
            using var document = JsonDocument.Parse(line);
            Assert.Equal("2.0", document.RootElement.GetProperty("jsonrpc").GetString());
            TaskCompletionSource changed;
            lock (_lock)
            {
                _received.Add(document.RootElement.Clone());
                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            changed.SetResult();
        }
    }
}
