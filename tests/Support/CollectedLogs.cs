using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CodeExec.Tests.Support;

/// <summary>Keeps what is logged, as "level category: text". Any thread.</summary>
/// <param name="category">How the categories begin that are kept.</param>
internal sealed class CollectedLogs(string category = "") : ILoggerFactory
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public IEnumerable<string> Errors => _lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, categoryName.StartsWith(category, StringComparison.Ordinal) ? _lines : null);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Lines are kept here alone.");

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Logger(string category, ConcurrentQueue<string>? lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => lines is not null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines?.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}".TrimEnd());
    }
}
