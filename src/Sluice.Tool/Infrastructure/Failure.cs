using Sluice.Methods;
using Sluice.Storage;

namespace Sluice.Tool.Infrastructure;

/// <summary>One line for any exception.</summary>
internal static class Failure
{
    /// <summary>The line. For what nobody foresaw it names the exception and how to see where it came from.</summary>
    internal static string Describe(Exception exception) => exception switch
    {
        UsageException or FailureException or AioException or IoMethodException or StorageException => OneLine(exception.Message),
        UnauthorizedAccessException or IOException => OneLine(exception.Message),
        _ => $"unexpected {exception.GetType().Name}: {OneLine(exception.Message)} (SLUICE_DEBUG=1 shows where)",
    };

    private static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
