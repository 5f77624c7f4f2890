using System.Reflection;
using System.Runtime.Loader;

namespace McMaster.NETCore.Plugins;

/// <summary>
/// Loads a plugin's assembly and its private dependencies into a load context of its own. A small stand-in with the names
/// of the package McMaster.NETCore.Plugins, of which it has what Sluice uses; built unless <c>UpstreamPackages</c> is true.
/// </summary>
internal sealed class PluginLoader : IDisposable
{
    private readonly PluginConfig _config;
    private readonly PluginLoadContext _context;
    private volatile bool _isDisposed;

    /// <summary>Makes a loader. Nothing is loaded yet.</summary>
    /// <param name="config">What to load, and how.</param>
    public PluginLoader(PluginConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        _config = config;
        _context = new PluginLoadContext(config);
    }

    /// <summary>Whether <see cref="Dispose"/> unloads the plugin.</summary>
    public bool IsUnloadable => _context.IsCollectible;

    /// <summary>Makes a loader for a plugin's assembly.</summary>
    /// <param name="assemblyFile">The full path of the assembly.</param>
    /// <param name="configure">Fills in the rest.</param>
    public static PluginLoader CreateFromAssemblyFile(string assemblyFile, Action<PluginConfig> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var config = new PluginConfig(assemblyFile);
        configure(config);
        return new PluginLoader(config);
    }

    /// <summary>Makes a loader for a plugin's assembly.</summary>
    /// <param name="assemblyFile">The full path of the assembly.</param>
    /// <param name="isUnloadable">Whether it can be unloaded.</param>
    /// <param name="sharedTypes">Types whose assemblies always come from the host.</param>
    public static PluginLoader CreateFromAssemblyFile(string assemblyFile, bool isUnloadable, Type[] sharedTypes) =>
        CreateFromAssemblyFile(assemblyFile, isUnloadable, sharedTypes, static _ => { });

    /// <summary>Makes a loader for a plugin's assembly.</summary>
    /// <param name="assemblyFile">The full path of the assembly.</param>
    /// <param name="isUnloadable">Whether it can be unloaded.</param>
    /// <param name="sharedTypes">Types whose assemblies always come from the host.</param>
    /// <param name="configure">Fills in the rest.</param>
    public static PluginLoader CreateFromAssemblyFile(
        string assemblyFile, bool isUnloadable, Type[] sharedTypes, Action<PluginConfig> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return CreateFromAssemblyFile(
            assemblyFile,
            config =>
            {
                config.IsUnloadable = isUnloadable;
                foreach (Type type in sharedTypes) config.SharedAssemblies.Add(type.Assembly.GetName());
                configure(config);
            });
    }

    /// <summary>Loads the plugin's own assembly, or gives it when it is loaded.</summary>
    public Assembly LoadDefaultAssembly() => LoadAssemblyFromPath(_config.MainAssemblyPath);

    /// <summary>Loads an assembly by name, as the plugin would get it.</summary>
    /// <param name="assemblyName">The name.</param>
    public Assembly LoadAssembly(AssemblyName assemblyName)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _context.LoadFromAssemblyName(assemblyName);
    }

    /// <summary>Loads an assembly by name, as the plugin would get it.</summary>
    /// <param name="assemblyName">The name.</param>
    public Assembly LoadAssembly(string assemblyName) => LoadAssembly(new AssemblyName(assemblyName));

    /// <summary>Loads an assembly from a file.</summary>
    /// <param name="assemblyPath">The full path.</param>
    public Assembly LoadAssemblyFromPath(string assemblyPath)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _context.LoadFile(assemblyPath);
    }

    /// <summary>Makes <see cref="Type.GetType(string)"/> and its like look into the plugin first, until the scope is disposed.</summary>
    public AssemblyLoadContext.ContextualReflectionScope EnterContextualReflection()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _context.EnterContextualReflection();
    }

    /// <summary>Asks for the plugin to be unloaded, if it can be. It is gone when nothing refers to it any more.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_context.IsCollectible) _context.Unload();
    }
}
