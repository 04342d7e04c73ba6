using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Bench;

/// <summary>Calls the tool over Streamable HTTP with as little of its own as possible, so that the server is what is measured.</summary>
internal sealed class ToolClient(Uri server) : IDisposable
{
    private const string Data = "data: ";
    private readonly HttpClient _http = new() { BaseAddress = server, Timeout = TimeSpan.FromMinutes(3) };

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
        using var request = Request(code, packages, progressToken: null);
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var data = text.Split('\n').LastOrDefault(line => line.StartsWith(Data, StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(data[Data.Length..])?["result"]?["structuredContent"] ?? throw new InvalidOperationException(text);
    }

    /// <summary>Time from a print in the code to its progress notification at the client, in ms.</summary>
    public async Task<double> FirstChunkDelayAsync()
    {
        using var request = Request("import time; print(time.time(), flush=True)", [], progressToken: 1);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
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

    private static HttpRequestMessage Request(string code, string[] packages, int? progressToken)
    {
        var arguments = new JsonObject { ["code"] = code };
        if (packages.Length > 0) arguments["packages"] = new JsonArray([.. packages.Select(package => (JsonNode)package)]);
        var parameters = new JsonObject { ["name"] = "code_exec_python", ["arguments"] = arguments };
        if (progressToken is { } token) parameters["_meta"] = new JsonObject { ["progressToken"] = token };
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = parameters };
        var request = new HttpRequestMessage(HttpMethod.Post, "mcp") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.Add("MCP-Protocol-Version", "2025-06-18");
        return request;
    }
}
