using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Bench;

/// <summary>
/// From the moment that a client gives a running call up until its Python is gone, through Redis and a worker, in each way that a client has.
/// </summary>
internal sealed class CancelBench(BenchOptions options)
{
    private const string Data = "data: ";
    private const string Endless = "import os\nprint(f'pid={os.getpid()};', flush=True)\nwhile True: pass";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        await using var stack = await QueueStack.StartAsync(options, workers: 1, slots: 4);
        // Else the client itself reads on for 2 s before it closes a connection with an answer under way.
        using var handler = new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero };
        using var http = new HttpClient(handler) { BaseAddress = stack.Web.Url, Timeout = Limit };
        await MeasureAsync(report, "a closed POST", http, ByClosedPostAsync);
        await MeasureAsync(report, "notifications/cancelled", http, ByNotificationAsync);
        await MeasureAsync(report, "a closed SSE stream", http, ByClosedStreamAsync);
    }

    private async Task MeasureAsync(Report report, string way, HttpClient http, Func<HttpClient, Task<(int Pid, Func<Task> GiveUp, IDisposable After)>> start)
    {
        var times = new Timings();
        for (var round = 0; round < options.Rounds / 5; round++)
        {
            var (pid, giveUp, after) = await start(http);
            using (after)
            {
                await times.TakeAsync(async () =>
                {
                    await giveUp();
                    var began = Stopwatch.GetTimestamp();
                    while (Directory.Exists($"/proc/{pid}") && Stopwatch.GetElapsedTime(began) < Limit) await Task.Delay(1);
                });
            }
        }
        report.Add($"given up by {way} until its Python is gone", "p50", $"{times.Percentile(0.5):0} ms");
        report.Add($"given up by {way} until its Python is gone", "longest", $"{times.Percentile(1):0} ms");
    }

    private static async Task<(int, Func<Task>, IDisposable)> ByClosedPostAsync(HttpClient http)
    {
        var response = await SendAsync(http, "mcp", Call(), session: null);
        var pid = await PidAsync(new StreamReader(await response.Content.ReadAsStreamAsync()));
        return (pid, () => { response.Dispose(); return Task.CompletedTask; }, response);
    }

    private static async Task<(int, Func<Task>, IDisposable)> ByNotificationAsync(HttpClient http)
    {
        using var greeting = await SendAsync(http, "mcp", Greeting(), session: null);
        var session = greeting.Headers.GetValues("Mcp-Session-Id").Single();
        var response = await SendAsync(http, "mcp", Call(), session);
        var pid = await PidAsync(new StreamReader(await response.Content.ReadAsStreamAsync()));
        return (pid, async () => { using var sent = await SendAsync(http, "mcp", Cancelled(), session); }, response);
    }

    private static async Task<(int, Func<Task>, IDisposable)> ByClosedStreamAsync(HttpClient http)
    {
        var stream = await http.GetStreamAsync("sse");
        var reader = new StreamReader(stream);
        var address = await NextAsync(reader);
        using var greeted = await SendAsync(http, address, Greeting(), session: null);
        using var called = await SendAsync(http, address, Call(), session: null);
        return (await PidAsync(reader), () => stream.DisposeAsync().AsTask(), stream);
    }

    private static async Task<int> PidAsync(StreamReader reader)
    {
        while (true)
        {
            var message = await NextAsync(reader);
            if (message.IndexOf("pid=", StringComparison.Ordinal) is >= 0 and var at)
                return int.Parse(message.AsSpan(at + 4, message.IndexOf(';', at) - at - 4), CultureInfo.InvariantCulture);
        }
    }

    private static async Task<string> NextAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            if (line.StartsWith(Data, StringComparison.Ordinal)) return line[Data.Length..];
        throw new InvalidOperationException("The stream ended too early.");
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, string address, JsonObject message, string? session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(message.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (session is not null) request.Headers.Add("Mcp-Session-Id", session);
        return (await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead)).EnsureSuccessStatusCode();
    }

    private static JsonObject Call() => Message("tools/call", 2, new JsonObject
    {
        ["name"] = "code_exec_python",
        ["arguments"] = new JsonObject { ["code"] = Endless },
        ["_meta"] = new JsonObject { ["progressToken"] = 1 },
    });

    private static JsonObject Cancelled() => Message("notifications/cancelled", id: null, new JsonObject { ["requestId"] = 2 });

    private static JsonObject Greeting() => Message("initialize", 1, new JsonObject
    {
        ["protocolVersion"] = "2025-06-18",
        ["capabilities"] = new JsonObject(),
        ["clientInfo"] = new JsonObject { ["name"] = "bench", ["version"] = "1" },
    });

    private static JsonObject Message(string method, int? id, JsonObject parameters)
    {
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters };
        if (id is not null) message["id"] = id;
        return message;
    }
}
