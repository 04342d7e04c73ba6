namespace CodeExec.Web.Mcp;

/// <summary>The protocol's revisions, as clients name them in <c>MCP-Protocol-Version</c>.</summary>
/// <seealso href="https://modelcontextprotocol.io/specification/versioning"/>
internal static class ProtocolVersions
{
    /// <summary>The revision without handshake and sessions: every request carries what the handshake used to agree on.</summary>
    public const string WithoutHandshake = "2026-07-28";

    /// <summary>The revision whose clients know what to do with an answer that breaks off: come back for the rest.</summary>
    public const string WithResuming = "2025-11-25";

    /// <summary>The only revision in which a POST may hold an array of messages; also what an absent header stands for.</summary>
    public const string WithBatches = "2025-03-26";

    // Stateless servers name the revision without handshake alone, here as in server/discover: the others are agreed on by initialize.
    /// <summary>What a client that named an unknown revision is told to use.</summary>
    public static IReadOnlyList<string> Advertised { get; } = [WithoutHandshake];

    private static readonly string[] WithHandshake = ["2024-11-05", WithBatches, "2025-06-18", WithResuming];

    /// <summary>Whether this service speaks a revision.</summary>
    public static bool IsKnown(string version) => version == WithoutHandshake || WithHandshake.Contains(version, StringComparer.Ordinal);
}
