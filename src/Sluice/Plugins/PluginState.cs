namespace Sluice.Plugins;

/// <summary>Where an io_method plugin is in its life. <see cref="PluginLifecycle"/> has the legal transitions.</summary>
public enum PluginState
{
    /// <summary>Its file was found and fits the contract; nothing of it was loaded.</summary>
    Discovered,

    /// <summary>It cannot be used as it is; <see cref="IoMethodPlugin.Reason"/> says why. Final until the catalog is made anew.</summary>
    Rejected,

    /// <summary>Its assembly is loaded and its factory made; no method exists.</summary>
    Loaded,

    /// <summary>Its method is in use.</summary>
    Active,

    /// <summary>Its method takes no new I/O and is being emptied, disposed and unloaded.</summary>
    Draining,

    /// <summary>It was unloaded and verified to be gone. Can be loaded again.</summary>
    Unloaded,

    /// <summary>
    /// It was told to unload and is still there; <see cref="IoMethodPlugin.Reason"/> has what is known. Can be loaded again,
    /// beside what is left.
    /// </summary>
    Leaked,

    /// <summary>Its code failed; <see cref="IoMethodPlugin.Reason"/> says how. Can be tried again.</summary>
    Faulted,
}
