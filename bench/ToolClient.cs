using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Bench;

/// <summary>Calls the tool over Streamable HTTP with as little of its own as possible, so that the server is what is measured.</summary>
internal sealed class ToolClient(Uri server) : IDisposable
{
    private const string Data = "data: ";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private readonly Uri _endpoint = new(server, "mcp");
    // Without what HttpClient puts around it, and what the handler does for browsers: both take processor time that the server then lacks.
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null });
    private readonly ConcurrentDictionary<string, byte[]> _bodies = new(StringComparer.Ordinal);

    /// <summary>One call; throws when the code failed.</summary>
    /// <returns>The tool's JSON object.</returns>
    public async Task<JsonNode> CallAsync(string code, params string[] packages)
    {
        var result = await ResultAsync(code, packages);
        return result["returncode"]!.GetValue<int>() == 0 ? result : throw new InvalidOperationException(result.ToJsonString());
    }

    /// <summary>One call of code that may fail.</summary>
    /// <returns>How it ended.</returns>
    public async Task<string> StatusAsync(string code) => (await ResultAsync(code, []))["status"]!.GetValue<string>();

    private async Task<JsonNode> ResultAsync(string code, string[] packages)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var request = Request(code, packages, progressToken: null);
        using var response = await _http.SendAsync(request, limit.Token);
        var text = await response.Content.ReadAsByteArrayAsync(limit.Token);
        return Result(text) ?? throw new InvalidOperationException($"{(int)response.StatusCode}: {Encoding.UTF8.GetString(text)}");
    }

    // What the last event holds.
    private static JsonNode? Result(ReadOnlySpan<byte> text)
    {
        if (text.LastIndexOf("data: "u8) is not (>= 0 and var start)) return null;
        var data = text[(start + Data.Length)..];
        return JsonNode.Parse(data[..data.IndexOf((byte)'\n')])?["result"]?["structuredContent"];
    }

    /// <summary>Time from a print in the code to its progress notification at the client, in ms.</summary>
    public async Task<double> FirstChunkDelayAsync()
    {
        using var request = Request("import time; print(time.time(), flush=True)", [], progressToken: 1);
        using var limit = new CancellationTokenSource(Limit);
        using var response = await _http.SendAsync(request, limit.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            if (!line.Contains("notifications/progress", StringComparison.Ordinal)) continue;
            // Both clocks are this machine's.
            var arrived = DateTimeOffset.UtcNow;
            var printed = double.Parse(JsonNode.Parse(line[Data.Length..])!["params"]!["message"]!.GetValue<string>(), CultureInfo.InvariantCulture);
            await reader.ReadToEndAsync();
            return arrived.ToUnixTimeMilliseconds() + (arrived.Ticks % TimeSpan.TicksPerMillisecond / (double)TimeSpan.TicksPerMillisecond) - (printed * 1000);
        }
        throw new InvalidOperationException("The stream ended without a progress notification.");
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(string code, string[] packages, int? progressToken)
    {
        var content = new ByteArrayContent(_bodies.GetOrAdd($"{progressToken} {string.Join(' ', packages)} {code}", _ => Body(code, packages, progressToken)));
        content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Content = content };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", "2025-06-18");
        return request;
    }

    private static byte[] Body(string code, string[] packages, int? progressToken)
    {
        var arguments = new JsonObject { ["code"] = code };
        if (packages.Length > 0) arguments["packages"] = new JsonArray([.. packages.Select(package => (JsonNode)package)]);
        var parameters = new JsonObject { ["name"] = "code_exec_python", ["arguments"] = arguments };
        if (progressToken is { } token) parameters["_meta"] = new JsonObject { ["progressToken"] = token };
        return Encoding.UTF8.GetBytes(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = parameters }.ToJsonString());
    }
}
