using System.Reflection;
using System.Runtime.Loader;

namespace McMaster.NETCore.Plugins;

/// <summary>What a <see cref="PluginLoader"/> is to do. Names and meaning are those of the package of the same name.</summary>
internal sealed class PluginConfig
{
    /// <summary>Makes the configuration for a plugin.</summary>
    /// <param name="mainAssemblyPath">The plugin's assembly; a full path.</param>
    /// <exception cref="ArgumentException">The path is empty or not a full path.</exception>
    public PluginConfig(string mainAssemblyPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(mainAssemblyPath);
        if (!Path.IsPathFullyQualified(mainAssemblyPath))
        {
            throw new ArgumentException($"'{mainAssemblyPath}' is a relative path: give a full one.", nameof(mainAssemblyPath));
        }

        MainAssemblyPath = mainAssemblyPath;
    }

    /// <summary>The full path of the plugin's assembly.</summary>
    public string MainAssemblyPath { get; }

    /// <summary>Assemblies that always come from the host, by simple name, whatever lies beside the plugin.</summary>
    public ICollection<AssemblyName> SharedAssemblies { get; } = [];

    /// <summary>Whether the plugin can be unloaded.</summary>
    public bool IsUnloadable { get; set; }

    /// <summary>
    /// Whether only the shared assemblies themselves are the host's, found when first needed. The stand-in always works so,
    /// whether this is set or not; the package walks their references at start unless it is set.
    /// </summary>
    public bool IsLazyLoaded { get; set; }

    /// <summary>
    /// Whether files are read into memory instead of mapped: they may then be overwritten while loaded, and have no location.
    /// </summary>
    public bool LoadInMemory { get; set; }

    /// <summary>Where shared and not otherwise found assemblies come from.</summary>
    public AssemblyLoadContext DefaultContext { get; set; } =
        AssemblyLoadContext.GetLoadContext(typeof(PluginConfig).Assembly) ?? AssemblyLoadContext.Default;
}
