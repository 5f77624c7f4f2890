using Sluice.Plugins;

namespace Sluice.Hosting;

/// <summary>
/// How the host's <see cref="AioSystem"/> is made, as configuration and code say it. Each property is a key of the section
/// <c>Sluice</c>; read once, at the start of the host.
/// </summary>
public sealed class SluiceOptions
{
    /// <summary>The section of the configuration that is read unless another is given.</summary>
    public const string SectionName = "Sluice";

    /// <summary>The io_method: a name, or <c>auto</c> for the best that works here. Auto unless said otherwise.</summary>
    public string Method { get; set; } = IoMethodSelector.Auto;

    /// <summary>Handles of each context: how many I/Os one issuer can have in flight.</summary>
    public int HandlesPerContext { get; set; } = new AioSystemOptions().HandlesPerContext;

    /// <summary>Vectors, and data words, of each handle.</summary>
    public int VectorsPerHandle { get; set; } = new AioSystemOptions().VectorsPerHandle;

    /// <summary>The most contexts at once; the system's own are among them.</summary>
    public int ContextsMax { get; set; } = new AioSystemOptions().ContextsMax;

    /// <summary>Contexts of the system's own, through which <see cref="AioFile"/> works outside of loops; 0 for one per core.</summary>
    public int SharedContexts { get; set; }

    /// <summary>How long a switched-away plugin has to be gone before it is called leaked.</summary>
    public TimeSpan UnloadTimeout { get; set; } = new AioSystemOptions().UnloadTimeout;

    /// <summary>
    /// Where plugins are looked for; empty for <c>io_methods</c> beside the program. Relative ones are taken from the current directory.
    /// </summary>
    public IList<string> PluginDirectories { get; } = [];

    /// <summary>Settings for each io_method, by its name, then by the setting's: <c>Sluice:MethodSettings:worker:max_workers</c>.</summary>
    public IDictionary<string, IDictionary<string, string>> MethodSettings { get; } =
        new Dictionary<string, IDictionary<string, string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the values came from, as the beginning of a key; for messages.</summary>
    internal string KeyPrefix { get; set; } = SectionName + ":";

    /// <summary>What the configuration says and cannot be understood; one line each.</summary>
    internal List<string> ConfigurationMistakes { get; } = [];

    internal AioSystemOptions ToSystemOptions()
    {
        AioSystemOptions options = new()
        {
            Method = Method,
            HandlesPerContext = HandlesPerContext,
            VectorsPerHandle = VectorsPerHandle,
            ContextsMax = ContextsMax,
            SharedContexts = SharedContexts,
            UnloadTimeout = UnloadTimeout,
        };
        foreach ((string method, IDictionary<string, string> settings) in MethodSettings) options.MethodSettings[method] = settings;
        return options;
    }
}
