using System.Reflection;
using System.Runtime.Loader;

namespace McMaster.NETCore.Plugins;

/// <summary>
/// The load context of one plugin. An assembly is looked for in this order: shared with the host (by simple name, always),
/// the plugin's deps.json, the plugin's folder, the host. A shared assembly never falls through to a copy beside the
/// plugin: that is what makes a type differ from itself.
/// </summary>
internal sealed class PluginLoadContext : AssemblyLoadContext
{
    private readonly AssemblyDependencyResolver _resolver;
    private readonly AssemblyLoadContext _hostContext;
    private readonly HashSet<string> _sharedNames;
    private readonly string _directory;
    private readonly bool _loadsInMemory;

    public PluginLoadContext(PluginConfig config)
        : base(Path.GetFileNameWithoutExtension(config.MainAssemblyPath), config.IsUnloadable)
    {
        _resolver = new AssemblyDependencyResolver(config.MainAssemblyPath);
        _hostContext = config.DefaultContext;
        _sharedNames = [.. config.SharedAssemblies.Select(static name => name.Name ?? "")];
        _directory = Path.GetDirectoryName(config.MainAssemblyPath)!;
        _loadsInMemory = config.LoadInMemory;
    }

    /// <summary>Loads a file into this context.</summary>
    /// <param name="path">The full path.</param>
    public Assembly LoadFile(string path)
    {
        if (!_loadsInMemory) return LoadFromAssemblyPath(path);
        using var image = new MemoryStream(File.ReadAllBytes(path));
        string symbolPath = Path.ChangeExtension(path, ".pdb");
        if (!File.Exists(symbolPath)) return LoadFromStream(image);
        using var symbols = new MemoryStream(File.ReadAllBytes(symbolPath));
        return LoadFromStream(image, symbols);
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string? name = assemblyName.Name;
        if (name is null) return null;

        // Without the version: asking for a newer one than the host has would otherwise fail inside the host's context. Whether
        // the versions fit was decided before anything was loaded.
        if (_sharedNames.Contains(name)) return _hostContext.LoadFromAssemblyName(new AssemblyName(name));

        string? path = _resolver.ResolveAssemblyToPath(assemblyName) ?? FindInFolder(assemblyName);
        if (path is not null) return LoadFile(path);

        // Null makes the runtime ask the default context; a host that is itself in another context is asked here.
        return _hostContext == Default ? null : LoadFromHost(assemblyName);
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = _resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }

    private string? FindInFolder(AssemblyName assemblyName)
    {
        string folder = string.IsNullOrEmpty(assemblyName.CultureName) ? _directory : Path.Combine(_directory, assemblyName.CultureName);
        string path = Path.Combine(folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? path : null;
    }

    private Assembly? LoadFromHost(AssemblyName assemblyName)
    {
        try
        {
            return _hostContext.LoadFromAssemblyName(assemblyName);
        }
        catch (FileNotFoundException)
        {
            // Not the last word: the default context and the Resolving event come next.
            return null;
        }
    }
}
