namespace Sluice.Conformance;

/// <summary>The io_method to be put through the suite, and what the suite may expect of it.</summary>
public sealed record ConformanceMethod
{
    /// <summary>The method's name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Makes the factory, linked into the process. Used where the suite wraps the method, and everywhere when there is no <see
    /// cref="PluginDirectory"/>.
    /// </summary>
    public required Func<IIoMethodFactory> CreateFactory { get; init; }

    /// <summary>
    /// The directory whose folders are plugins and one of which is the method; null for a method that is only linked. Unloading is tested
    /// only with it.
    /// </summary>
    public string? PluginDirectory { get; init; }

    /// <summary>Settings for the method.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Whether bytes really move. A method that only says that it is done sets this to false, and no content is looked at.
    /// </summary>
    public bool TransfersData { get; init; } = true;

    /// <summary>Whether an I/O in steady state allocates nothing. Methods made for tests may set it to false.</summary>
    public bool AllocatesNothing { get; init; } = true;

    /// <summary>Makes a catalog that has the method, for one system.</summary>
    public IoMethodCatalog CreateCatalog()
    {
        IoMethodCatalog catalog = new();
        if (PluginDirectory is not null) return catalog.Discover([PluginDirectory]);
        catalog.Add(Name, CreateFactory());
        return catalog;
    }

    /// <summary>Loads the factory of a plugin into the process itself, so that it can be wrapped.</summary>
    /// <param name="assemblyPath">The plugin's assembly.</param>
    public static IIoMethodFactory LoadFactory(string assemblyPath)
    {
        Type factory = System.Reflection.Assembly.LoadFrom(assemblyPath).GetExportedTypes().Single(static type =>
            type.IsAssignableTo(typeof(IIoMethodFactory)));
        return (IIoMethodFactory)Activator.CreateInstance(factory)!;
    }
}
