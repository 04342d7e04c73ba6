namespace CodeExec.Web;

/// <summary>The web process's log: one line per event on stdout, without time stamps, which the platform adds.</summary>
internal static class WebLog
{
    /// <summary>Makes the log; the caller disposes it last.</summary>
    public static ILoggerFactory Create() => LoggerFactory.Create(logging => logging
        .AddSimpleConsole(console => console.SingleLine = true)
        .SetMinimumLevel(LogLevel.Information)
        // One line per request tells nothing that the line per job doesn't.
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("ModelContextProtocol", LogLevel.Warning)
        // A start that fails is told in one line by Program; this category would add a stack trace.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None)
        // The SDK reports every client's mistake as an error of ours, with a stack trace.
        .AddFilter("ModelContextProtocol.Server.McpServer", LogLevel.None));
}
