using Sluice.Methods;

namespace Sluice.Plugins;

/// <summary>
/// The io_methods that a host knows: plugins found in folders, and methods linked into the host. Finding a plugin reads its
/// file's metadata and runs none of its code. Any thread.
/// </summary>
public sealed class IoMethodCatalog
{
    private const string LinkedPlace = "the one linked into the host";
    private readonly Lock _gate = new();
    private readonly List<string> _searched = [];
    private List<IoMethodPlugin> _plugins = [];

    /// <summary>Where plugins are looked for unless said otherwise: <c>io_methods</c> beside the application.</summary>
    public static string DefaultDirectory => Path.Combine(AppContext.BaseDirectory, "io_methods");

    /// <summary>
    /// Whether plugins are read into memory instead of mapped from their files. Their files may then be overwritten while they
    /// are loaded (a mapped one must be replaced by renaming); the price is a copy in private memory, and no file name in their
    /// stack traces' assemblies.
    /// </summary>
    public bool LoadInMemory { get; init; }

    /// <summary>All plugins, ordered by name (ordinal), then by path. A snapshot of the list; the plugins in it live on.</summary>
    public IReadOnlyList<IoMethodPlugin> Plugins
    {
        get
        {
            lock (_gate) return [.. _plugins];
        }
    }

    /// <summary>Looks for plugins in <see cref="DefaultDirectory"/>.</summary>
    /// <returns>This catalog.</returns>
    public IoMethodCatalog Discover() => Discover([DefaultDirectory]);

    /// <summary>
    /// Looks for plugins: in each directory, each folder is one plugin with what belongs to it. A directory that does not exist
    /// has none. What cannot be used becomes a plugin that is <see cref="PluginState.Rejected"/> with a reason and never stops
    /// the rest. When called again, known plugins stay as they are and rejected ones are looked at again.
    /// </summary>
    /// <param name="directories">
    /// The directories; relative ones are taken from the current directory. Of two plugins with one name the first wins.
    /// </param>
    /// <returns>This catalog.</returns>
    public IoMethodCatalog Discover(IEnumerable<string> directories)
    {
        ArgumentNullException.ThrowIfNull(directories);
        lock (_gate)
        {
            var plugins = _plugins.Where(static plugin => plugin.State != PluginState.Rejected).ToList();
            foreach (string directory in directories)
            {
                string fullPath = Path.GetFullPath(directory);
                if (!_searched.Contains(fullPath)) _searched.Add(fullPath);
            }

            foreach (string directory in _searched) PluginScanner.Scan(directory, LoadInMemory, plugin => AddFound(plugins, plugin));
            _plugins = Sort(plugins);
        }

        return this;
    }

    /// <summary>
    /// Adds a method that is linked into the host; it is <see cref="PluginState.Loaded"/>, has no path and is never unloaded.
    /// </summary>
    /// <param name="name">The io_method's name: lower-case letters, digits and underscores.</param>
    /// <param name="factory">Makes the method.</param>
    /// <returns>The plugin.</returns>
    /// <exception cref="IoMethodException">The name is not allowed, or there is a method with that name.</exception>
    public IoMethodPlugin Add(string name, IIoMethodFactory factory)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(factory);
        if (!PluginManifest.IsValidName(name))
        {
            throw new IoMethodException(
                $"The io_method name '{PluginText.OneLine(name)}' is not allowed: use lower-case letters, digits and underscores.");
        }

        lock (_gate)
        {
            if (Find(_plugins, name) is { State: not PluginState.Rejected } other)
            {
                throw new IoMethodException(
                    $"There is an io_method '{name}' already ({other.Path ?? LinkedPlace}): give the one you add another name.");
            }

            IoMethodPlugin plugin = IoMethodPlugin.Linked(name, factory);
            _plugins = Sort([.. _plugins, plugin]);
            return plugin;
        }
    }

    /// <summary>Finds a plugin by name, in whatever state it is; one that is not rejected goes first.</summary>
    /// <param name="name">The io_method's name.</param>
    /// <returns>The plugin.</returns>
    /// <exception cref="IoMethodException">
    /// There is none; the line lists those there are, with their states, and where they were looked for.
    /// </exception>
    public IoMethodPlugin Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_gate)
        {
            if (Find(_plugins, name) is IoMethodPlugin plugin) return plugin;
            string known = _plugins.Count == 0
                ? "no io_method was found"
                : "known: " + string.Join(", ", _plugins.Select(Summarize));
            string searched = _searched.Count == 0
                ? ""
                : "; looked in " + string.Join(", ", _searched.Select(SummarizeDirectory));
            throw new IoMethodException($"io_method '{PluginText.OneLine(name)}' is not known; {known}{searched}.");
        }
    }

    private static string Summarize(IoMethodPlugin plugin) => $"{plugin.Name} ({plugin.State.ToString().ToLowerInvariant()})";

    private static string SummarizeDirectory(string path) => Directory.Exists(path) ? path : path + " (does not exist)";

    private static IoMethodPlugin? Find(List<IoMethodPlugin> plugins, string name) =>
        plugins.Where(plugin => plugin.Name == name).OrderBy(static plugin => plugin.State == PluginState.Rejected).FirstOrDefault();

    private static void AddFound(List<IoMethodPlugin> plugins, IoMethodPlugin found)
    {
        if (plugins.Any(plugin => plugin.Path == found.Path && plugin.State != PluginState.Rejected)) return;
        IoMethodPlugin? first = found.State == PluginState.Rejected
            ? null
            : plugins.FirstOrDefault(plugin => plugin.Name == found.Name && plugin.State != PluginState.Rejected);
        if (first is not null) found.RejectAsDuplicate(first.Path ?? LinkedPlace);
        plugins.Add(found);
    }

    private static List<IoMethodPlugin> Sort(List<IoMethodPlugin> plugins) =>
        [.. plugins
            .OrderBy(static plugin => plugin.Name, StringComparer.Ordinal)
            .ThenBy(static plugin => plugin.Path, StringComparer.Ordinal)];
}
