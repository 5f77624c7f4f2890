using Sluice.Testing;

namespace Sluice.Simulation.Tests;

/// <summary>What strangers' tests compile against: a change shows in a snapshot.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public Task TheScenariosAreAsTheyWereReviewed() =>
        Verifier.Verify(PublicApi.Describe(typeof(Scenario).Assembly)).UseMethodName("Sluice.Simulation");

    [Fact]
    public Task TheSimulatedDiskIsAsItWasReviewed() =>
        Verifier.Verify(PublicApi.Describe(typeof(SimulatedDisk).Assembly)).UseMethodName("Sluice.Methods.Simulated");
}
