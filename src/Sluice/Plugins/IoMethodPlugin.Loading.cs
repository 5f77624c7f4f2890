using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using McMaster.NETCore.Plugins;
using Sluice.Methods;

namespace Sluice.Plugins;

public sealed partial class IoMethodPlugin
{
    /// <summary>Loads the plugin if it is not loaded. The gate is held.</summary>
    /// <returns>Null, or why it cannot be used, in one line.</returns>
    private string? EnsureLoaded()
    {
        switch (State)
        {
            case PluginState.Loaded or PluginState.Active:
                return null;
            case PluginState.Rejected:
                return $"rejected: {_reason}";
            case PluginState.Draining:
                return "it is being drained and unloaded: wait for that to end";
            case PluginState.Faulted when _loaded is not null:
                return $"faulted: {_reason}; unload it before it is tried again";
        }

        if (!IsLinked) return Load();
        _lifecycle.Transition(PluginState.Loaded);
        _reason = null;
        return null;
    }

    private string? Load()
    {
        // The file may have been replaced since it was discovered, so it has to prove itself again.
        string? refusal = PluginManifest.TryRead(Path!, out PluginManifest? manifest);
        refusal ??= manifest is null ? "is no longer an io_method plugin: it has no IoMethodPlugin attribute" : manifest.FindRefusal();
        if (refusal is null && manifest!.Name != Name)
        {
            refusal = $"was replaced by a file with the name '{manifest.Name}': discover the plugins again";
        }

        if (refusal is not null) return Reject(refusal);
        _manifest = manifest;
        Version = manifest!.AssemblyVersion;
        return LoadFactory(manifest.FactoryTypeName);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private string? LoadFactory(string factoryTypeName)
    {
        PluginLoader? loader = null;
        PluginLoadLog? log = null;
        try
        {
            loader = PluginLoader.CreateFromAssemblyFile(
                Path!,
                isUnloadable: true,
                sharedTypes: [typeof(IIoMethodFactory)],
                config =>
                {
                    config.IsLazyLoaded = true;
                    config.LoadInMemory = _loadsInMemory;
                });
            Assembly main = loader.LoadDefaultAssembly();
            _contextReference = new WeakReference(AssemblyLoadContext.GetLoadContext(main), trackResurrection: true);
            _methodReference = null;
            log = PluginLoadLog.Attach(Name, main, Path!);

            string? refusal = FindFactory(main, factoryTypeName, out Type? factoryType);
            if (refusal is not null)
            {
                Abandon(loader, log, main);
                return Reject(refusal);
            }

            const BindingFlags PublicConstructor = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions;
            object factory = Activator.CreateInstance(factoryType!, PublicConstructor, null, null, null)!;
            _loaded = new LoadedPlugin(loader, main, (IIoMethodFactory)factory, log);
            _lifecycle.Transition(PluginState.Loaded);
            _reason = null;
            return null;
        }
        catch (Exception exception)
        {
            Abandon(loader, log, main: null);
            return Fault($"it cannot be loaded: {PluginText.Describe(exception)}");
        }
    }

    private static string? FindFactory(Assembly main, string typeName, out Type? type)
    {
        type = null;
        if (typeName.Contains(','))
        {
            return $"its factory {typeName.Split(',')[0]} is in another assembly: "
                + "the factory must be in the assembly that has the attribute";
        }

        type = main.GetType(typeName, throwOnError: false);
        if (type is null)
        {
            return $"its factory {typeName} does not exist in {main.GetName().Name}: "
                + "name an existing class in the IoMethodPlugin attribute";
        }

        if (!typeof(IIoMethodFactory).IsAssignableFrom(type))
        {
            return $"its factory {typeName} does not implement {nameof(IIoMethodFactory)}: "
                + "implement it, or name the class that does in the IoMethodPlugin attribute";
        }

        bool canBeMade = type is { IsVisible: true, IsAbstract: false, ContainsGenericParameters: false }
            && type.GetConstructor(Type.EmptyTypes) is not null;
        return canBeMade
            ? null
            : $"its factory {typeName} cannot be made: "
                + "it must be a public class with a public constructor without parameters";
    }

    private void Abandon(PluginLoader? loader, PluginLoadLog? log, Assembly? main)
    {
        if (log is not null && main is not null) _lastExplanation = log.Explain(main);
        log?.Detach();
        loader?.Dispose();
    }
}
