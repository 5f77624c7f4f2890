using Sluice.Conformance;

namespace Sluice.Simulation.Tests;

/// <summary>The suite for the io_method simulated, with the files of its disk.</summary>
public sealed class SimulatedConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Describe(("reorder_ppm", "300000"), ("again_ppm", "50000"));

    [Fact]
    public void TheFilesAreThoseOfTheDisk() => Run(static run =>
    {
        Assert.Contains("SimulatedFile", run.CreateFile(1).GetType().Name, StringComparison.Ordinal);
        Assert.False(run.HasOsFiles);
    });

    internal static ConformanceMethod Describe(params (string Name, string Value)[] settings) => new()
    {
        Name = "simulated",
        CreateFactory = static () =>
            ConformanceMethod.LoadFactory(Path.Combine(IoMethodCatalog.DefaultDirectory, "simulated", "Sluice.Methods.Simulated.dll")),
        PluginDirectory = IoMethodCatalog.DefaultDirectory,
        Settings = settings.ToDictionary(static setting => setting.Name, static setting => setting.Value),
    };
}
