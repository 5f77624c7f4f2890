using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace Sluice.Plugins;

/// <summary>
/// Records how the assemblies of one load of a plugin were found. Looks at the load context from outside, so it does not
/// matter which loader made it, and refers to it only weakly.
/// </summary>
internal sealed class PluginLoadLog
{
    private const int FailuresMax = 64;
    private static readonly string s_contractName = typeof(Sluice.Methods.IoContract).Assembly.GetName().Name!;

    private readonly string _pluginName;
    private readonly WeakReference _context;
    private readonly ConcurrentQueue<PluginResolution> _failures = new();

    private PluginLoadLog(string pluginName, AssemblyLoadContext context)
    {
        _pluginName = pluginName;
        _context = new WeakReference(context);
    }

    /// <summary>Starts to record. The plugin's own assembly was just loaded.</summary>
    /// <param name="pluginName">The plugin's name.</param>
    /// <param name="main">The plugin's own assembly.</param>
    /// <param name="path">The file it came from.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static PluginLoadLog Attach(string pluginName, Assembly main, string path)
    {
        AssemblyLoadContext context = AssemblyLoadContext.GetLoadContext(main)!;
        var log = new PluginLoadLog(pluginName, context);
        PluginEventSource.Log.ContextCreated(pluginName, context.Name ?? "", path);
        log.WriteEvent(main, context);
        context.Resolving += log.OnNotFound;
        AppDomain.CurrentDomain.AssemblyLoad += log.OnLoaded;
        return log;
    }

    /// <summary>Stops to record: the process-wide event would otherwise keep the log for ever.</summary>
    public void Detach() => AppDomain.CurrentDomain.AssemblyLoad -= OnLoaded;

    /// <summary>Lists how each assembly that the plugin's assemblies refer to was found, breadth first.</summary>
    /// <param name="main">The plugin's own assembly.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public IReadOnlyList<PluginResolution> Explain(Assembly main)
    {
        AssemblyLoadContext context = AssemblyLoadContext.GetLoadContext(main)!;
        AssemblyLoadContext hostContext = AssemblyLoadContext.GetLoadContext(typeof(PluginLoadLog).Assembly) ?? AssemblyLoadContext.Default;
        Dictionary<string, Assembly> own = ByName(context.Assemblies);
        Dictionary<string, Assembly> host = ByName(hostContext.Assemblies.Concat(AssemblyLoadContext.Default.Assemblies));

        var lines = new List<PluginResolution> { Describe(main.FullName!, "plugin", main) };
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { main.FullName! };
        var queue = new Queue<Assembly>([main]);
        while (queue.TryDequeue(out Assembly? assembly))
        {
            AssemblyName[] references = assembly.GetReferencedAssemblies();
            foreach (AssemblyName reference in references.OrderBy(static name => name.FullName, StringComparer.Ordinal))
            {
                if (!seen.Add(reference.FullName)) continue;
                string simpleName = reference.Name!;
                if (own.TryGetValue(simpleName, out Assembly? provided))
                {
                    lines.Add(Describe(reference.FullName, "plugin", provided));
                    queue.Enqueue(provided);
                }
                else if (host.TryGetValue(simpleName, out provided))
                {
                    lines.Add(Describe(reference.FullName, simpleName == s_contractName ? "contract" : "host", provided));
                }
                else if (!_failures.Any(failure => failure.Requested == reference.FullName))
                {
                    lines.Add(new PluginResolution(reference.FullName, "not needed yet", null, null, null));
                }
            }
        }

        lines.AddRange(_failures);
        return lines;
    }

    private static Dictionary<string, Assembly> ByName(IEnumerable<Assembly> assemblies)
    {
        var byName = new Dictionary<string, Assembly>(StringComparer.OrdinalIgnoreCase);
        foreach (Assembly assembly in assemblies) byName.TryAdd(assembly.GetName().Name!, assembly);
        return byName;
    }

    private static PluginResolution Describe(string requested, string resolver, Assembly provided)
    {
        string? path = string.IsNullOrEmpty(provided.Location) ? null : provided.Location;
        string? context = AssemblyLoadContext.GetLoadContext(provided)?.Name;
        return new PluginResolution(requested, resolver, path, provided.GetName().Version, context);
    }

    private void OnLoaded(object? sender, AssemblyLoadEventArgs args)
    {
        object? own = _context.Target;
        if (own is null)
        {
            // A catalog that was dropped without unloading takes its contexts with it; nobody else would take the log away.
            Detach();
            return;
        }

        if (!PluginEventSource.Log.IsEnabled()) return;
        AssemblyLoadContext? context = AssemblyLoadContext.GetLoadContext(args.LoadedAssembly);
        if (ReferenceEquals(context, own)) WriteEvent(args.LoadedAssembly, context!);
    }

    private Assembly? OnNotFound(AssemblyLoadContext context, AssemblyName name)
    {
        // Asking for translations that do not exist is routine.
        if (name.Name?.EndsWith(".resources", StringComparison.OrdinalIgnoreCase) == true) return null;
        PluginEventSource.Log.Failed(_pluginName, $"assembly not found: {name.FullName}");
        if (_failures.Count < FailuresMax && !_failures.Any(failure => failure.Requested == name.FullName))
        {
            _failures.Enqueue(new PluginResolution(name.FullName, "not found", null, null, null));
        }

        return null;
    }

    private void WriteEvent(Assembly assembly, AssemblyLoadContext context)
    {
        AssemblyName name = assembly.GetName();
        string version = name.Version?.ToString() ?? "";
        PluginEventSource.Log.Resolved(_pluginName, name.FullName, "plugin", assembly.Location, version, context.Name ?? "");
    }
}
