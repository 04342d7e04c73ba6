using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Tests.Support.Inference;

namespace CodeExec.Bench;

/// <summary>
/// From a request to Heroku's agents to the tool's result, with a <c>mcp-python</c> that is started for it: what the service adds itself
/// (the model, the dyno's own start) is left out by the stand-in.
/// </summary>
internal sealed class InferenceBench(BenchOptions options)
{
    /// <summary>Measures.</summary>
    public async Task RunAsync(Report report)
    {
        var commandLine = File.ReadLines(Path.Combine(options.Root, "Procfile")).Single(line => line.StartsWith("mcp-python:", StringComparison.Ordinal)).Split(':', 2)[1].Trim();
        var variables = options.Settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value, StringComparer.Ordinal);
        await using var service = await InferenceStandIn.StartAsync(
            new DynoPlan(commandLine, options.Root, variables),
            (_, answers) => answers.Count == 0 ? new AgentTurn.Calls("code_exec_python", new JsonObject { ["code"] = "print(2+2)" }) : new AgentTurn.Says(answers[0]));
        using var http = new HttpClient { BaseAddress = service.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", service.Key);
        var bare = new BarePython(options.Python);
        var (ours, baseline) = (new Timings(), new Timings());
        await AskAsync(http);
        for (var i = 0; i < Math.Max(10, options.Rounds / 5); i++)
        {
            await baseline.TakeAsync(() => bare.RunAsync("import numpy"));
            ours.Add(await AskAsync(http));
        }
        report.Add("agent's request to result, cold mcp-python / bare import numpy", ours, baseline);
    }

    // Milliseconds from the request to the tool's result; the stream is read to its end, so that the process is gone before the next one.
    private static async Task<double> AskAsync(HttpClient http)
    {
        const string Question = """{"model":"claude-3-7-sonnet","messages":[{"role":"user","content":"2+2?"}],"tools":[{"type":"mcp","name":"code_exec_python"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/agents/heroku") { Content = new StringContent(Question, Encoding.UTF8, "application/json") };
        var asked = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var elapsed = double.NaN;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Contains("returned result", StringComparison.Ordinal) && double.IsNaN(elapsed)) elapsed = Stopwatch.GetElapsedTime(asked).TotalMilliseconds;
        }
        return double.IsNaN(elapsed) ? throw new InvalidOperationException("The agent's stream ended without the tool's result.") : elapsed;
    }
}
