namespace Sluice.Methods;

/// <summary>
/// Says that an assembly is an io_method plugin. The host reads it from the file's metadata, without running anything:
/// <c>[assembly: IoMethodPlugin("sync", typeof(SyncMethodFactory), IoContract.Major, IoContract.Minor)]</c>.
/// </summary>
/// <param name="name">The io_method's name, as settings and commands write it: lower case, digits and underscores.</param>
/// <param name="factory">A public class with a public constructor without parameters that implements
/// <see cref="IIoMethodFactory"/>.</param>
/// <param name="contractMajor">Write <see cref="IoContract.Major"/>.</param>
/// <param name="contractMinor">Write <see cref="IoContract.Minor"/>.</param>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class IoMethodPluginAttribute(string name, Type factory, int contractMajor, int contractMinor) : Attribute
{
    /// <summary>The io_method's name.</summary>
    public string Name { get; } = name;

    /// <summary>The class that makes the method.</summary>
    public Type Factory { get; } = factory;

    /// <summary>The major version of the contract that the plugin was compiled against.</summary>
    public int ContractMajor { get; } = contractMajor;

    /// <summary>The minor version of the contract that the plugin was compiled against.</summary>
    public int ContractMinor { get; } = contractMinor;
}
