namespace Sluice.Methods;

/// <summary>
/// The version of the contract between Sluice and an io_method plugin. A plugin compiles these constants into its
/// <see cref="IoMethodPluginAttribute"/>; the host compares them before any of the plugin's code runs.
/// </summary>
/// <remarks>A plugin fits when its major version is the host's and its minor version is not newer than the host's.</remarks>
public static class IoContract
{
    /// <summary>Changes when a plugin that was compiled before no longer works.</summary>
    public const int Major = 1;

    /// <summary>Changes when something was added that an older host does not have.</summary>
    public const int Minor = 0;
}
