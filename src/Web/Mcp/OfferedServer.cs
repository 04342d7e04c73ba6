using CodeExec.Shared.Settings;
using CodeExec.Shared.Tool;
using CodeExec.Web.Callers;
using ModelContextProtocol.Server;

namespace CodeExec.Web.Mcp;

/// <summary>What the MCP server behind each session offers, the same for both transports of HTTP. Any thread.</summary>
internal sealed class OfferedServer(CodeExecTool tool, RunningCalls calls, CallerShares shares, WebOptions options, WebParts parts)
{
    /// <summary>What one session's server is created from.</summary>
    /// <param name="session">The session's id; null when there is none.</param>
    /// <param name="caller">The name of its key.</param>
    public McpServerOptions Create(string? session, string caller)
    {
        var definition = ServerDefinition.Create(tool, calls, shares.Of(caller), session, !options.StdioModeOnly);
        parts.OfferMore(definition);
        return definition;
    }
}
