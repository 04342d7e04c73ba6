namespace CodeExec.Web.Mcp;

/// <summary>The HTTP headers that MCP defines.</summary>
/// <seealso href="https://modelcontextprotocol.io/specification/2025-11-25/basic/transports"/>
internal static class McpHeaders
{
    /// <summary>The revision a request is written in.</summary>
    public const string ProtocolVersion = "MCP-Protocol-Version";

    /// <summary>The session a request belongs to, up to 2025-11-25.</summary>
    public const string SessionId = "Mcp-Session-Id";

    /// <summary>The last event that a client has had of an answer whose rest it asks for, up to 2025-11-25.</summary>
    public const string LastEventId = "Last-Event-ID";

    /// <summary>The body's method, repeated for routers, since 2026-07-28.</summary>
    public const string Method = "Mcp-Method";

    /// <summary>The name of the tool or prompt, or the resource's address, repeated for routers, since 2026-07-28.</summary>
    public const string Name = "Mcp-Name";
}
