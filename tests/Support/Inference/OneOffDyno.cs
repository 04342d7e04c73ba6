using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeExec.Tests.Support.Inference;

/// <summary>What a one-off dyno runs, and how it is spoken to.</summary>
/// <param name="CommandLine">A line of the Procfile.</param>
/// <param name="Folder">Where it runs: the root of the app.</param>
/// <param name="Variables">What differs from this process's environment; null removes a variable.</param>
/// <param name="Terminal">The Python that opens a terminal, and its script, when the dyno has one; null for plain pipes.</param>
internal sealed record DynoPlan(string CommandLine, string Folder, IReadOnlyDictionary<string, string?> Variables, (string Python, string Script)? Terminal = null);

/// <summary>
/// An MCP server on a one-off dyno as <c>heroku run</c> gives it to a client: JSON lines over pipes or a terminal, and a literal ^D at
/// the end with the input left open. One caller.
/// </summary>
/// <remarks>A terminal shows what is typed, cuts lines at 4,096 bytes and mixes the log in, so only what answers a request is listened to.</remarks>
internal sealed class OneOffDyno : IAsyncDisposable
{
    // Far more than an install takes; a dyno that is silent for longer has failed.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(20);
    private readonly Process _process;
    private readonly Task<string> _log;
    private readonly StringBuilder _noise = new();
    private int _lastId;

    private OneOffDyno(Process process)
    {
        _process = process;
        _log = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts the process.</summary>
    public static OneOffDyno Start(DynoPlan plan)
    {
        string[] command = plan.Terminal is { } terminal ? [terminal.Python, "-I", terminal.Script, plan.CommandLine] : ["/bin/bash", "-c", plan.CommandLine];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = plan.Folder,
        };
        foreach (var (name, value) in plan.Variables)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }
        start.Environment["DYNO"] = "run.1";
        return new OneOffDyno(Process.Start(start)!);
    }

    /// <summary>Shakes hands.</summary>
    public async Task OpenAsync()
    {
        await AskAsync("initialize", new JsonObject
        {
            ["protocolVersion"] = "2025-06-18",
            ["capabilities"] = new JsonObject(),
            ["clientInfo"] = new JsonObject { ["name"] = "inference-stand-in", ["version"] = "1" },
        });
        await TypeAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""" + "\n");
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <returns>The result.</returns>
    /// <exception cref="InvalidOperationException">The server answered with an error, or ended.</exception>
    public async Task<JsonObject> AskAsync(string method, JsonObject parameters)
    {
        var id = ++_lastId;
        await TypeAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString() + "\n");
        using var limit = new CancellationTokenSource(AnswerLimit);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (Answer(line, id) is not { } answer) continue;
            return answer["result"] as JsonObject ?? throw new InvalidOperationException((answer["error"] as JsonObject)?["message"]?.GetValue<string>() ?? line);
        }
        throw new InvalidOperationException($"The dyno ended without an answer. It said: {_noise} {await _log}");
    }

    /// <summary>Ends the input as <c>heroku run</c> does and waits for the process.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        await TypeAsync("\u0004");
        using var limit = new CancellationTokenSource(EndLimit);
        await _process.StandardOutput.ReadToEndAsync(limit.Token);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            using var limit = new CancellationTokenSource(EndLimit);
            await _process.WaitForExitAsync(limit.Token);
        }
        _process.Dispose();
    }

    private async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    // The answer to this request, or an error to a line that the server could not read; null for anything else.
    private JsonObject? Answer(string line, int id)
    {
        try
        {
            if (JsonNode.Parse(line) is JsonObject message && !message.ContainsKey("method")
                && (message["id"] is JsonValue answered ? answered.GetValueKind() is JsonValueKind.Number && answered.GetValue<int>() == id : message.ContainsKey("error")))
                return message;
        }
        catch (JsonException)
        {
            // The log, or a line that the terminal cut.
        }
        _noise.AppendLine(line);
        return null;
    }
}
