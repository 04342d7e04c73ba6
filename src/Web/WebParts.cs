using CodeExec.Shared.Queue;
using CodeExec.Shared.Running;
using CodeExec.Shared.Settings;
using CodeExec.Web.Health;
using ModelContextProtocol.Server;

namespace CodeExec.Web;

/// <summary>What the web process is put together from: the parts that differ between modes and in tests. Immutable.</summary>
public sealed record WebParts
{
    /// <summary>The settings.</summary>
    public required ServiceSettings Settings { get; init; }

    /// <summary>Runs the jobs.</summary>
    public required IJobRunner Runner { get; init; }

    /// <summary>Says how busy the runner is. Called from any thread, for each health request.</summary>
    public required Func<ServiceLoad> Load { get; init; }

    /// <summary>Where the jobs run, as the health page and the start line name it.</summary>
    public required string Mode { get; init; }

    /// <summary>The other web processes; null where there can be none.</summary>
    public IWebPeers? Peers { get; init; }

    /// <summary>Runs jobs whose callers don't wait; null where that is this process's own business.</summary>
    public IBackgroundJobs? BackgroundJobs { get; init; }

    /// <summary>The log.</summary>
    public required ILoggerFactory Logs { get; init; }

    /// <summary>The clock behind keepalive and shutdown. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Adds to what every MCP server of the SDK offers; called for each, from any thread. Plain calls of the tool meet none. Default: nothing. The conformance suite asks for
    /// tools, prompts and resources that only a test would offer.
    /// </summary>
    public Action<McpServerOptions> OfferMore { get; init; } = _ => { };
}
