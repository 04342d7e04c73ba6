using System.Text;
using System.Text.Json.Nodes;
using CodeExec.Cli.Mcp;
using CodeExec.Cli.Running;

namespace CodeExec.Cli.Inference;

/// <summary>Shows every event as a line of JSON, <c>{"event": …, "data": …}</c>, for programs that read it.</summary>
public sealed class JsonAgentDisplay : IAgentDisplay
{
    /// <inheritdoc/>
    public Task ShowAsync(AgentEvent happened) =>
        OutputDescriptor.Stdout.WriteAsync(Encoding.UTF8.GetBytes(new JsonObject { ["event"] = happened.Kind, ["data"] = happened.Data?.DeepClone() }.ToJsonString(JsonText.OneLine) + "\n"));
}
