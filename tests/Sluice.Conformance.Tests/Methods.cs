using Sluice.TestPlugins.Injecting;

namespace Sluice.Conformance.Tests;

/// <summary>The methods that this repository puts through the suite.</summary>
internal static class Methods
{
    internal static ConformanceMethod Plugin(string name, string assembly) => new()
    {
        Name = name,
        CreateFactory = () => LoadFactory(name, assembly),
        PluginDirectory = IoMethodCatalog.DefaultDirectory,
    };

    internal static ConformanceMethod Injecting(string name, string assembly) => new()
    {
        Name = "injecting",
        CreateFactory = () => new InjectingMethodFactory(LoadFactory(name, assembly), new InjectionControl()),
        AllocatesNothing = false,
    };

    private static IIoMethodFactory LoadFactory(string name, string assembly) =>
        ConformanceMethod.LoadFactory(Path.Combine(IoMethodCatalog.DefaultDirectory, name, assembly + ".dll"));
}
