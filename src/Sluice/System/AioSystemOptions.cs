using Sluice.Plugins;

namespace Sluice;

/// <summary>
/// How a system is made. Nothing here can be changed once it runs, except the method (<see cref="AioSystem.SwitchMethodAsync"/>).
/// </summary>
public sealed class AioSystemOptions
{
    /// <summary>The io_method: a name, or <c>auto</c> for the best that works here. Auto unless said otherwise.</summary>
    public string Method { get; set; } = IoMethodSelector.Auto;

    /// <summary>Where plugins are looked for; empty for <c>io_methods</c> beside the program.</summary>
    public IList<string> PluginDirectories { get; } = [];

    /// <summary>
    /// The plugins themselves, found or linked beforehand; null to look in <see cref="PluginDirectories"/>. A catalog serves one system.
    /// </summary>
    public IoMethodCatalog? Catalog { get; set; }

    /// <summary>Settings for each io_method, by its name, then by the setting's.</summary>
    public IDictionary<string, IDictionary<string, string>> MethodSettings { get; } =
        new Dictionary<string, IDictionary<string, string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Handles of each context: 1 to 1024. How many I/Os one issuer can have in flight.</summary>
    public int HandlesPerContext { get; set; } = 128;

    /// <summary>Vectors, and data words, of each handle: 1 to 128.</summary>
    public int VectorsPerHandle { get; set; } = 16;

    /// <summary>The most contexts at once: 1 to 1024. The system's own are among them.</summary>
    public int ContextsMax { get; set; } = 64;

    /// <summary>Contexts of the system's own, through which <see cref="AioFile"/> works outside of loops; 0 for one per core.</summary>
    public int SharedContexts { get; set; }

    /// <summary>Targets and callbacks of the host, one generated module per assembly.</summary>
    public IList<AioModule> Modules { get; } = [];

    /// <summary>The clock; for timeouts, and given to the method.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>How long a switched-away plugin has to be gone after it was unloaded before it is called leaked.</summary>
    public TimeSpan UnloadTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Every mistake in the options, one line each; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> mistakes = [];
        if (string.IsNullOrWhiteSpace(Method)) mistakes.Add("Method is empty: give a name, or 'auto'.");
        Range(nameof(HandlesPerContext), HandlesPerContext, 1, Limits.HandlesPerContextMax);
        Range(nameof(VectorsPerHandle), VectorsPerHandle, 1, Limits.VectorsMax);
        Range(nameof(ContextsMax), ContextsMax, 1, Limits.ContextsMax);
        Range(nameof(SharedContexts), SharedContexts, 0, ContextsMax);
        return mistakes;

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most) mistakes.Add($"{name} is {value}: give a number from {least} to {most}.");
        }
    }
}
