namespace Sluice.Conformance.Tests;

/// <summary>The suite for io_uring behind the injecting wrapper: the wrapper injects nothing that a test did not ask for.</summary>
public sealed class InjectingIoUringConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Injecting("io_uring", "Sluice.Methods.IoUring");
}
