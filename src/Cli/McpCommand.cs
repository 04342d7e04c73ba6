using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Cli.Mcp;
using CodeExec.Cli.Running;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace CodeExec.Cli;

/// <summary><c>codeexec mcp</c>: the example client. Prints the protocol's own JSON, so that <c>| jq</c> works.</summary>
public static class McpCommand
{
    private static readonly Option<string?> Transport = new("--transport")
    {
        Recursive = true,
        HelpName = "stdio|sse|http",
        Description = "How to talk to the server. Default: http when --url or MCP_SERVER_URL says where it is, else stdio, which starts one.",
    };

    private static readonly Option<string?> Url = new("--url")
    {
        Recursive = true,
        HelpName = "URL",
        Description = "The server; /mcp or /sse is added when it has no path. Default: MCP_SERVER_URL, else http://localhost:$PORT. API_KEY is sent as a bearer token.",
    };

    private static readonly Option<bool> Verbose = new("--verbose") { Recursive = true, Description = "Show progress and log notifications on standard error." };

    private static readonly Option<int> Timeout = new("--timeout") { Recursive = true, HelpName = "SECONDS", DefaultValueFactory = _ => 600, Description = "How long to wait for the answer." };

    /// <summary>The command with its two requests.</summary>
    public static Command Create()
    {
        Transport.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var typed }] && typed is not ("stdio" or "sse" or "http"))
                result.AddError($"--transport is \"{typed}\"; it must be stdio, sse or http.");
        });
        Timeout.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var typed }] && !(int.TryParse(typed, out var seconds) && seconds is >= 1 and <= 86_400))
                result.AddError($"--timeout is \"{typed}\"; it must be a whole number of seconds from 1 to 86400.");
        });

        var list = new Command("list_tools", "Prints the server's tools.");
        list.SetAction((parsed, _) => AskAsync(parsed, RequestMethods.ToolsList, []));

        var args = new Option<string?>("--args") { HelpName = "JSON", Description = "The tool's name and arguments: {\"name\": …, \"arguments\": {…}}." };
        var call = new Command("call_tool", "Calls a tool and prints its result.") { args };
        call.SetAction((parsed, _) => AskAsync(parsed, RequestMethods.ToolsCall, CallRequest.Parse(parsed.GetValue(args))));

        return new Command("mcp", "Talks to an MCP server and prints its answers as JSON.") { list, call, Transport, Url, Verbose, Timeout };
    }

    private static async Task<int> AskAsync(ParseResult parsed, string method, JsonObject parameters)
    {
        var environment = ClientEnvironment.Read();
        var address = ServerAddress.Resolve(parsed.GetValue(Transport), parsed.GetValue(Url), environment);
        using var interrupted = new CancellationTokenSource();
        using var interruption = new Interruption(() => _ = interrupted.CancelAsync());
        try
        {
            await using var server = await ServerConnection.OpenAsync(address, environment.ApiKey, parsed.GetValue(Verbose), interrupted.Token);
            var limit = TimeSpan.FromSeconds(parsed.GetValue(Timeout));
            var result = await server.AskAsync(method, parameters, limit, interrupted.Token);
            await PrintAsync(result);
            return result?["isError"]?.GetValue<bool>() is true ? ExitCodes.Failed : ExitCodes.Ok;
        }
        catch (ServerException fault)
        {
            await Console.Error.WriteLineAsync($"codeexec: {fault.Message}");
            return fault.ExitCode;
        }
        catch (McpProtocolException fault)
        {
            await Console.Error.WriteLineAsync($"codeexec: The server answered with error {(int)fault.ErrorCode}: {fault.Message.Replace("Request failed (remote): ", "", StringComparison.Ordinal)}");
            return ExitCodes.Failed;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (IOException)
        {
            return ExitCodes.OutputClosed;
        }
    }

    private static async Task PrintAsync(JsonNode? result) =>
        await OutputDescriptor.Stdout.WriteAsync(Encoding.UTF8.GetBytes((result?.ToJsonString(JsonText.Indented) ?? "null") + "\n"));
}
