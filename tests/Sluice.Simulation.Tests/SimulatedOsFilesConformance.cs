using Sluice.Conformance;

namespace Sluice.Simulation.Tests;

/// <summary>The suite for the io_method simulated, with files of the operating system: those go through its queue as well.</summary>
public sealed class SimulatedOsFilesConformance : IoMethodConformance
{
    protected override ConformanceMethod Method =>
        SimulatedConformance.Describe(("os_files", "true"), ("reorder_ppm", "300000"), ("again_ppm", "50000"));

    [Fact]
    public void TheFilesAreThoseOfTheOperatingSystem() => Run(static run =>
    {
        Assert.IsType<OsFile>(run.CreateFile(1));
        Assert.True(run.HasOsFiles);
    });
}
