using System.Text;
using System.Text.Json.Nodes;

namespace CodeExec.Cli.Inference;

/// <summary>Writes the list of registered MCP servers for people.</summary>
public static class ServersText
{
    /// <summary>One line per server and one per tool of it.</summary>
    public static string Of(JsonArray servers)
    {
        if (servers.Count == 0)
            return "No MCP server is registered. One is when its app has a process type that begins with mcp and creates or attaches a model: heroku ai:models:create MODEL -a $APP_NAME\n";
        var text = new StringBuilder();
        foreach (var server in servers.OfType<JsonObject>())
        {
            text.Append($"{Field(server, "process_type")}  {Field(server, "server_status")}, tools {Field(server, "primitives_status")}  {Field(server, "process_command")}\n");
            foreach (var tool in (server["tools"] as JsonArray ?? []).OfType<JsonObject>())
                text.Append($"  {AgentEvent.Text(tool["namespaced_name"]) ?? Field(tool, "name")}\n");
        }
        return text.ToString();
    }

    private static string Field(JsonObject item, string name) => AgentEvent.Text(item[name]) ?? "?";
}
