using System.Text.Json.Nodes;

namespace CodeExec.Cli.Inference;

/// <summary>A tool that the agent may use.</summary>
/// <param name="Type">The service's word for where it comes from: <c>mcp</c> or <c>heroku_tool</c>.</param>
/// <param name="Name">Its name, with or without the server's before it.</param>
public sealed record AgentTool(string Type, string Name)
{
    /// <summary>Reads what was typed: <c>mcp:NAME</c> or <c>heroku:NAME</c>.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static AgentTool Parse(string text) => text.Split(':', 2) switch
    {
        ["mcp", { Length: > 0 } name] => new AgentTool("mcp", name),
        ["heroku", { Length: > 0 } name] => new AgentTool("heroku_tool", name),
        _ => throw new UsageException($"--tool is \"{text}\"; it must be mcp:NAME for a tool of an MCP server, as in mcp:code_exec_python, or heroku:NAME for one of Heroku's own, as in heroku:html_to_markdown."),
    };

    /// <summary>As a request names it.</summary>
    public JsonObject ToJson() => new() { ["type"] = Type, ["name"] = Name };
}
