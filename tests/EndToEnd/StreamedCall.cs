using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.Queue;
using Spoken = CodeExec.Tests.Web.Support.Messages;

namespace CodeExec.Tests.EndToEnd;

/// <summary>One call by a client that asked for progress and for log messages, with all that it was sent, in order.</summary>
internal sealed record StreamedCall(IReadOnlyList<JsonNode> Messages)
{
    private const int Lines = 300;
    private const int Id = 7;
    private const string Token = "token-7";

    // Both streams at once, a line at a time, with pauses: what is printed without one may be told in one message.
    private static readonly string Code = $"import sys, time\nfor i in range({Lines}):\n    if i % 50 == 0: time.sleep(0.05)\n    print(f'out {{i}}', flush=True)\n    print(f'err {{i}}', file=sys.stderr, flush=True)";

    /// <summary>The transports of HTTP, and the revisions that differ in how a call streams.</summary>
    public static TheoryData<string> OverHttp => ["sse", "2025-06-18", "2025-11-25", "2026-07-28"];

    /// <summary>Calls over HTTP: over SSE, or over Streamable HTTP at a revision.</summary>
    public static async Task<StreamedCall> OverHttpAsync(string how, HttpClient client, Uri web)
    {
        if (how == "sse")
        {
            using var sse = await SseConnection.OpenAsync(client, web);
            foreach (var message in new[] { Spoken.Initialize(), Spoken.SetLevel("info", 2) }) (await sse.PostAsync(web, message)).Dispose();
            // The server answers messages side by side: a call that comes before that may be told nothing.
            await sse.Stream.HasAsync("\"id\":2");
            (await sse.PostAsync(web, Call())).Dispose();
            await sse.AnswerAsync(Id);
            return new StreamedCall([.. Data(sse.Stream.Text).Skip(1).Select(Parse).Where(message => (int?)message["id"] is null or Id)]);
        }
        if (how == "2026-07-28")
        {
            var call = Spoken.Modern("tools/call", new JsonObject { ["name"] = "code_exec_python", ["arguments"] = new JsonObject { ["code"] = Code } }, meta =>
            {
                meta["progressToken"] = Token;
                meta["io.modelcontextprotocol/logLevel"] = "info";
            });
            return new StreamedCall([.. Data(await PostAsync(client, web, call.Replace("\"id\":1,", $"\"id\":{Id},", StringComparison.Ordinal), Spoken.ModernHeaders("tools/call", "code_exec_python"))).Select(Parse)]);
        }
        using var hello = await ToolCall.PostAsync(client, web, Spoken.Initialize(how));
        (string, string)[] headers = [("Mcp-Session-Id", hello.Headers.GetValues("Mcp-Session-Id").Single()), ("MCP-Protocol-Version", how)];
        await PostAsync(client, web, Spoken.SetLevel("info", 2), headers);
        return new StreamedCall([.. Data(await PostAsync(client, web, Call(), headers)).Where(data => data.Length > 0).Select(Parse)]);
    }

    /// <summary>Calls over STDIO.</summary>
    public static async Task<StreamedCall> OverStdioAsync(ProgramSettings settings)
    {
        await Checkout.BuiltAsync();
        await using var server = RunningProgram.StartShell(Checkout.ProcfileLine("mcp-python"), settings);
        await server.TypeAsync($"{Spoken.Initialize()}\n{Spoken.Initialized}\n{Spoken.SetLevel("info", 2)}\n{Call()}\n");
        server.EndInput();
        var said = (await server.EndAsync()).Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new StreamedCall([.. said.Select(Parse).Where(message => (int?)message["id"] is null or Id)]);
    }

    /// <summary>All that was printed came in order, nothing twice, and before the result.</summary>
    public void IsWhole()
    {
        Assert.Equal(Id, (int)Messages[^1]["id"]!);
        var told = Messages.SkipLast(1).ToList();
        var progress = told.Where(message => (string)message["method"]! == "notifications/progress").Select(message => message["params"]!).ToList();
        var logs = told.Where(message => (string)message["method"]! == "notifications/message").Select(message => message["params"]!).ToList();
        Assert.Equal(told.Count, progress.Count + logs.Count);
        Assert.All(progress, step => Assert.Equal(Token, (string)step["progressToken"]!));
        Assert.Equal(Enumerable.Range(1, progress.Count), progress.Select(step => (int)step["progress"]!));
        Assert.Equal(progress.Select(step => (string)step["message"]!), logs.Select(log => (string)log["data"]!));
        foreach (var (logger, word) in new[] { ("stdout", "out"), ("stderr", "err") })
        {
            var printed = string.Concat(Enumerable.Range(0, Lines).Select(i => $"{word} {i}\n"));
            Assert.Equal(printed, string.Concat(logs.Where(log => (string)log["logger"]! == logger).Select(log => (string)log["data"]!)));
            Assert.Equal(printed.TrimEnd(), (string)Messages[^1]["result"]!["structuredContent"]![logger]!);
        }
        Assert.True(progress.Count > 2, "It came while the code ran.");
    }

    private static string Call() => Spoken.Call(Id, Code, Token);

    private static async Task<string> PostAsync(HttpClient client, Uri web, string message, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(web, "/mcp")) { Content = new StringContent(message, Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var response = await client.SendAsync(request);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    private static IEnumerable<string> Data(string stream) => stream.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line[6..]);

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;
}
