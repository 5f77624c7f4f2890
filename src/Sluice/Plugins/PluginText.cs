namespace Sluice.Plugins;

/// <summary>Makes texts of plugins and of the system fit for one line.</summary>
internal static class PluginText
{
    private const int CharactersMax = 500;

    /// <summary>Gives the text without line breaks and control characters, cut when it is very long.</summary>
    /// <param name="text">The text.</param>
    public static string OneLine(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return "(no message)";
        string[] words = text.Split([' ', '\t', '\r', '\n', '\f', '\v', '\0'], StringSplitOptions.RemoveEmptyEntries);
        string line = string.Join(' ', words);
        return line.Length <= CharactersMax ? line : line[..CharactersMax] + "...";
    }

    /// <summary>
    /// Says an exception in one line. Takes only text from it: an exception's stack trace keeps the plugin that threw it
    /// alive, so it must not be stored or wrapped.
    /// </summary>
    /// <param name="exception">The exception.</param>
    public static string Describe(Exception exception)
    {
        Exception cause = exception;
        while (cause is System.Reflection.TargetInvocationException or TypeInitializationException && cause.InnerException is not null)
        {
            cause = cause.InnerException;
        }

        try
        {
            return $"{cause.GetType().Name}: {OneLine(cause.Message)}";
        }
        catch (Exception)
        {
            // Message is virtual and may be the plugin's own code.
            return $"{cause.GetType().Name}, whose message cannot be read";
        }
    }
}
