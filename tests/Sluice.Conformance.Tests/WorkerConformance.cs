namespace Sluice.Conformance.Tests;

/// <summary>The suite for the io_method worker.</summary>
public sealed class WorkerConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Plugin("worker", "Sluice.Methods.Worker");
}
