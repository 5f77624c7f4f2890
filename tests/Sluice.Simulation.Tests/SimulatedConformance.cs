using Sluice.Conformance;

namespace Sluice.Simulation.Tests;

/// <summary>The suite for the io_method simulated, with files of the operating system: those go through its queue as well.</summary>
public sealed class SimulatedConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => new()
    {
        Name = "simulated",
        CreateFactory = static () => ConformanceMethod.LoadFactory(Path.Combine(IoMethodCatalog.DefaultDirectory, "simulated", "Sluice.Methods.Simulated.dll")),
        PluginDirectory = IoMethodCatalog.DefaultDirectory,
        Settings = new Dictionary<string, string> { ["os_files"] = "true", ["reorder_ppm"] = "300000", ["again_ppm"] = "50000" },
    };
}
