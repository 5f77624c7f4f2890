using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Sluice.Hosting.Tests.Support;

/// <summary>Keeps what Sluice logs.</summary>
public sealed class RecordingLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, EventId Id, string Text)> _lines = new();

    /// <summary>What was logged, in order.</summary>
    public IReadOnlyList<(LogLevel Level, EventId Id, string Text)> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName == "Sluice.AioSystem");

    public void Dispose()
    {
    }

    private sealed class Logger(RecordingLog log, bool records) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => records;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (records) log._lines.Enqueue((logLevel, eventId, formatter(state, exception)));
        }
    }
}
