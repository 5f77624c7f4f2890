namespace Sluice.Conformance.Tests;

/// <summary>The suite for sync behind the injecting wrapper: the wrapper injects nothing that a test did not ask for.</summary>
public sealed class InjectingSyncConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Injecting("sync", "Sluice.Methods.Sync");
}
