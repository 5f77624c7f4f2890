using System.Diagnostics.Tracing;

namespace Sluice.Plugins;

/// <summary>Events about plugins, for <c>dotnet-trace</c> and event listeners: provider <c>Sluice-Plugins</c>.</summary>
[EventSource(Name = "Sluice-Plugins")]
internal sealed class PluginEventSource : EventSource
{
    public static readonly PluginEventSource Log = new();

    private PluginEventSource()
    {
    }

    /// <summary>An assembly was loaded for a plugin.</summary>
    [Event(1, Level = EventLevel.Verbose)]
    public void Resolved(string plugin, string requested, string resolver, string path, string version, string context)
    {
        if (IsEnabled()) WriteEvent(1, plugin, requested, resolver, path, version, context);
    }

    /// <summary>A plugin was rejected or faulted, or an assembly for it was not found.</summary>
    [Event(2, Level = EventLevel.Error)]
    public void Failed(string plugin, string reason)
    {
        if (IsEnabled()) WriteEvent(2, plugin, reason);
    }

    /// <summary>A load context was made for a plugin.</summary>
    [Event(3, Level = EventLevel.Informational)]
    public void ContextCreated(string plugin, string context, string path)
    {
        if (IsEnabled()) WriteEvent(3, plugin, context, path);
    }

    /// <summary>A plugin was unloaded and verified to be gone.</summary>
    [Event(4, Level = EventLevel.Informational)]
    public void Unloaded(string plugin, int collections, double milliseconds)
    {
        if (IsEnabled()) WriteEvent(4, plugin, collections, milliseconds);
    }

    /// <summary>A plugin was told to unload and is still there.</summary>
    [Event(5, Level = EventLevel.Warning)]
    public void Leaked(string plugin, string reason)
    {
        if (IsEnabled()) WriteEvent(5, plugin, reason);
    }
}
