using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace CodeExec.Worker.Stdio;

/// <summary>
/// Log lines on stderr, one each: time, level, category, message. Written by hand because the STDIO process is started for a single
/// call, where the logging packages' start-up would be felt. Any thread.
/// </summary>
public static class StderrLog
{
    /// <summary>A factory whose loggers write from the given level on.</summary>
    public static ILoggerFactory CreateFactory(LogLevel least = LogLevel.Information) => new Factory(least);

    // Each line is one write, so lines of several threads don't mix. Console.Error would set up a terminal's encodings for the first one.
    private static readonly Stream Stderr = StandardStream.Error();

    private sealed class Factory(LogLevel least) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Log lines go to stderr alone.");

        // The SDK reports every mistake of a client as an error with a stack trace; what came of a call is logged by the tool itself.
        public ILogger CreateLogger(string categoryName) =>
            new Logger(categoryName[(categoryName.LastIndexOf('.') + 1)..], categoryName.StartsWith("ModelContextProtocol", StringComparison.Ordinal) ? LogLevel.Critical : least);

        public void Dispose()
        {
            // Nothing is held.
        }
    }

    private sealed class Logger(string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var line = string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {Name(logLevel)} {category}[{eventId.Id}] {formatter(state, exception)}");
            Stderr.Write(Encoding.UTF8.GetBytes(exception is null ? $"{line}\n" : $"{line}\n{exception}\n"));
        }

        private static string Name(LogLevel level) => level switch
        {
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            LogLevel.Critical => "crit",
            _ => "debug",
        };
    }
}
