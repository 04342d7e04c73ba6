using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Bench;

/// <summary>Calls the tool over Streamable HTTP with as little of its own as possible, so that the server is what is measured.</summary>
internal sealed class ToolClient(Uri server) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = server, Timeout = TimeSpan.FromMinutes(3) };

    /// <summary>One call; throws when the code failed.</summary>
    /// <returns>The tool's JSON object.</returns>
    public async Task<JsonNode> CallAsync(string code, params string[] packages)
    {
        var arguments = new JsonObject { ["code"] = code };
        if (packages.Length > 0) arguments["packages"] = new JsonArray([.. packages.Select(package => (JsonNode)package)]);
        var body = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = 1,
            ["method"] = "tools/call",
            ["params"] = new JsonObject { ["name"] = "code_exec_python", ["arguments"] = arguments },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, "mcp") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.Add("MCP-Protocol-Version", "2025-06-18");
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var data = text.Split('\n').LastOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"{(int)response.StatusCode}: {text}");
        var result = JsonNode.Parse(data[6..])?["result"]?["structuredContent"];
        if (result?["returncode"]?.GetValue<int>() != 0) throw new InvalidOperationException(text);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
