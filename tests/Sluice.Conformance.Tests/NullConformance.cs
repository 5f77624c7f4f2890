namespace Sluice.Conformance.Tests;

/// <summary>The suite for the sample null, which says that it is done and moves nothing.</summary>
public sealed class NullConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Plugin("null", "NullMethod") with { TransfersData = false };
}
