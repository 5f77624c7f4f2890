namespace Sluice.Conformance.Tests;

/// <summary>The suite for the io_method sync.</summary>
public sealed class SyncConformance : IoMethodConformance
{
    protected override ConformanceMethod Method => Methods.Plugin("sync", "Sluice.Methods.Sync");
}
