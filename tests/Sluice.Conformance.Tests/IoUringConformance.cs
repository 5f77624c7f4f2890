namespace Sluice.Conformance.Tests;

/// <summary>The suite for the io_method io_uring.</summary>
public sealed class IoUringConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Plugin("io_uring", "Sluice.Methods.IoUring");
}
