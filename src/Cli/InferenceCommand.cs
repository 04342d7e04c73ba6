using System.CommandLine;
using System.Text;
using CodeExec.Cli.Inference;
using CodeExec.Cli.Mcp;
using CodeExec.Cli.Running;
using CodeExec.Shared.Tool;

namespace CodeExec.Cli;

/// <summary><c>codeexec inference</c>: Heroku's Inference service, which calls the tool for its agents.</summary>
public static class InferenceCommand
{
    private static readonly Option<bool> Json = new("--json") { Recursive = true, Description = "Print what the service sends as JSON: servers as one array, an agent's events one a line." };

    private static readonly Option<int> Timeout = new("--timeout") { Recursive = true, HelpName = "SECONDS", DefaultValueFactory = _ => 600, Description = "How long to wait for the end of the answer." };

    /// <summary>The command with its two requests.</summary>
    public static Command Create()
    {
        Timeout.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var typed }] && !(int.TryParse(typed, out var seconds) && seconds is >= 1 and <= 86_400))
                result.AddError($"--timeout is \"{typed}\"; it must be a whole number of seconds from 1 to 86400.");
        });

        var servers = new Command("servers", "Lists the MCP servers that are registered with the model, and their tools.");
        servers.SetAction((parsed, _) => TalkAsync(parsed, (service, _, cancel) => ListAsync(service, parsed.GetValue(Json), cancel)));

        var question = new Argument<string>("QUESTION") { Description = "What to ask the agent." };
        var model = new Option<string?>("--model") { HelpName = "MODEL", Description = "Default: INFERENCE_MODEL_ID, which an attached model sets." };
        var tool = new Option<string[]>("--tool") { HelpName = "mcp:NAME|heroku:NAME", Description = $"A tool that the agent may use; give it again for more. Default: mcp:{ToolDefinition.Name}." };
        var agent = new Command("agent", "Asks an agent. Its words go to standard output, its tools' calls and answers to standard error.") { question, model, tool };
        agent.SetAction((parsed, _) =>
        {
            var tools = (parsed.GetValue(tool) is { Length: > 0 } named ? named : [$"mcp:{ToolDefinition.Name}"]).Select(AgentTool.Parse).ToList();
            return TalkAsync(parsed, (service, environment, cancel) =>
            {
                var chosen = parsed.GetValue(model) ?? environment.Model ?? throw new UsageException("--model is missing and INFERENCE_MODEL_ID is not set. Name the model, as in --model claude-3-7-sonnet.");
                return AskAsync(service.AskAsync(parsed.GetValue(question)!, chosen, tools, cancel), parsed.GetValue(Json) ? new JsonAgentDisplay() : new LiveAgentDisplay());
            });
        });

        return new Command("inference", "Talks to Heroku's Inference service at INFERENCE_URL with INFERENCE_KEY.") { servers, agent, Json, Timeout };
    }

    private static async Task<int> TalkAsync(ParseResult parsed, Func<InferenceService, InferenceEnvironment, CancellationToken, Task<int>> talk)
    {
        var environment = InferenceEnvironment.Read();
        using var service = new InferenceService(environment);
        using var interrupted = new CancellationTokenSource();
        using var interruption = new Interruption(() => _ = interrupted.CancelAsync());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(interrupted.Token);
        limit.CancelAfter(TimeSpan.FromSeconds(parsed.GetValue(Timeout)));
        try
        {
            return await talk(service, environment, limit.Token);
        }
        catch (ServerException fault)
        {
            return await ComplainAsync(fault.Message, fault.ExitCode);
        }
        catch (OperationCanceledException)
        {
            return interrupted.IsCancellationRequested ? ExitCodes.Interrupted
                : await ComplainAsync($"The answer had no end after {parsed.GetValue(Timeout)} s, the limit set by --timeout. Give it more, or ask for less.", ExitCodes.Unavailable);
        }
        catch (IOException)
        {
            return ExitCodes.OutputClosed;
        }
    }

    private static async Task<int> ListAsync(InferenceService service, bool asJson, CancellationToken cancel)
    {
        var servers = await service.ServersAsync(cancel);
        await OutputDescriptor.Stdout.WriteAsync(Encoding.UTF8.GetBytes(asJson ? servers.ToJsonString(JsonText.Indented) + "\n" : ServersText.Of(servers)));
        return ExitCodes.Ok;
    }

    // A tool that failed is the agent's to deal with; an agent that failed has no answer.
    private static async Task<int> AskAsync(IAsyncEnumerable<AgentEvent> events, IAgentDisplay display)
    {
        await foreach (var happened in events)
        {
            await display.ShowAsync(happened);
            if (happened.Kind is "agent.error") return await ComplainAsync($"The agent failed: {happened.Fault}", ExitCodes.Failed);
        }
        return ExitCodes.Ok;
    }

    private static async Task<int> ComplainAsync(string sentence, int exitCode)
    {
        await Console.Error.WriteLineAsync($"codeexec: {sentence}");
        return exitCode;
    }
}
