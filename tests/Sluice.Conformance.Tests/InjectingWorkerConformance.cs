namespace Sluice.Conformance.Tests;

/// <summary>The suite for worker behind the injecting wrapper: the wrapper injects nothing that a test did not ask for.</summary>
public sealed class InjectingWorkerConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Injecting("worker", "Sluice.Methods.Worker");
}
