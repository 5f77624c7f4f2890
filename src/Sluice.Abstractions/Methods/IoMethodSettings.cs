namespace Sluice.Methods;

/// <summary>What an io_method gets to know of its host: sizes it may rely on, the clock, and the settings meant for it.</summary>
public sealed class IoMethodSettings
{
    /// <summary>The most contexts that will exist at once.</summary>
    public required int ContextsMax { get; init; }

    /// <summary>The handles of each context: the most requests that are in flight per <see cref="IoMethodContext"/>.</summary>
    public required int HandlesPerContext { get; init; }

    /// <summary>The clock. A method measures no time by any other.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The folder the plugin was loaded from; for files that come with it.</summary>
    public string PluginDirectory { get; init; } = "";

    /// <summary>
    /// The host's settings for this method by name, such as <c>min_workers</c>; names compare without regard to case.
    /// A method documents the names it knows and refuses others and bad values with <see cref="IoMethodException"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Values { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an integer setting.</summary>
    /// <param name="name">The setting's name.</param>
    /// <param name="defaultValue">What holds when it is not given.</param>
    /// <param name="minimum">The least value allowed.</param>
    /// <param name="maximum">The greatest value allowed.</param>
    /// <exception cref="IoMethodException">The value is no whole number or out of range.</exception>
    public int GetInt32(string name, int defaultValue, int minimum, int maximum)
    {
        if (!Values.TryGetValue(name, out string? text)) return defaultValue;
        bool isNumber = int.TryParse(
            text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out int value);
        if (!isNumber || value < minimum || value > maximum)
        {
            throw new IoMethodException($"Setting '{name}' is '{text}': give a whole number from {minimum} to {maximum}.");
        }

        return value;
    }

    /// <summary>Reads a yes-or-no setting.</summary>
    /// <param name="name">The setting's name.</param>
    /// <param name="defaultValue">What holds when it is not given.</param>
    /// <exception cref="IoMethodException">The value is neither <c>true</c> nor <c>false</c>.</exception>
    public bool GetBoolean(string name, bool defaultValue)
    {
        if (!Values.TryGetValue(name, out string? text)) return defaultValue;
        return bool.TryParse(text, out bool value)
            ? value
            : throw new IoMethodException($"Setting '{name}' is '{text}': give true or false.");
    }

    /// <summary>Refuses settings that the method does not know.</summary>
    /// <param name="known">The names it knows.</param>
    /// <exception cref="IoMethodException">There is a setting with another name.</exception>
    public void RefuseUnknown(params ReadOnlySpan<string> known)
    {
        foreach (string name in Values.Keys)
        {
            bool isKnown = false;
            foreach (string candidate in known) isKnown |= string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase);
            if (!isKnown)
            {
                throw new IoMethodException(
                    known.IsEmpty
                        ? $"Setting '{name}' is not known: this io_method has no settings."
                        : $"Setting '{name}' is not known. Known: {string.Join(", ", known!)}.");
            }
        }
    }
}
