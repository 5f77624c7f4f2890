using Sluice.Methods;

namespace Sluice.Plugins;

/// <summary>Chooses an io_method by name, or the best that works here.</summary>
public static class IoMethodSelector
{
    /// <summary>The name that stands for the best io_method that works here.</summary>
    public const string Auto = "auto";

    private static readonly string[] s_autoOrder = ["io_uring", "worker", "sync"];

    /// <summary>The io_methods that <see cref="Auto"/> tries, best first.</summary>
    public static IReadOnlyList<string> AutoOrder => s_autoOrder;

    /// <summary>
    /// Chooses an io_method: with <see cref="Auto"/> the first of <see cref="AutoOrder"/> that works here, else the one that is
    /// named, which then must work. Loads and probes what it looks at; may block for a moment. Those that were tried and not
    /// chosen stay loaded.
    /// </summary>
    /// <param name="catalog">The io_methods there are.</param>
    /// <param name="name"><see cref="Auto"/>, or an io_method's name.</param>
    /// <param name="settingsFor">Gives the settings for an io_method by its name.</param>
    /// <param name="reasons">One line for each io_method that was passed over: its name, a colon, and why.</param>
    /// <returns>The plugin; it works here.</returns>
    /// <exception cref="IoMethodException">
    /// The named one is not known or does not work here, or none of the list does; the line says why.
    /// </exception>
    public static IoMethodPlugin Resolve(
        IoMethodCatalog catalog, string name, Func<string, IoMethodSettings> settingsFor, out IReadOnlyList<string> reasons)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(settingsFor);
        reasons = [];
        if (name != Auto)
        {
            IoMethodPlugin named = catalog.Get(name);
            IoMethodAvailability availability = named.Probe(settingsFor(name));
            if (availability.IsAvailable) return named;
            throw new IoMethodException($"io_method '{name}' cannot be used: {availability.Reason}");
        }

        var passedOver = new List<string>();
        foreach (string candidate in s_autoOrder)
        {
            if (Try(catalog, candidate, settingsFor, passedOver) is not IoMethodPlugin plugin) continue;
            reasons = passedOver;
            return plugin;
        }

        throw new IoMethodException($"No io_method works here. {string.Join("; ", passedOver)}.");
    }

    private static IoMethodPlugin? Try(
        IoMethodCatalog catalog, string name, Func<string, IoMethodSettings> settingsFor, List<string> passedOver)
    {
        IoMethodPlugin plugin;
        try
        {
            plugin = catalog.Get(name);
        }
        catch (IoMethodException)
        {
            passedOver.Add($"{name}: there is no such plugin");
            return null;
        }

        IoMethodAvailability availability = plugin.Probe(settingsFor(name));
        if (availability.IsAvailable) return plugin;
        passedOver.Add($"{name}: {availability.Reason}");
        return null;
    }
}
