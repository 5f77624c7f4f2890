namespace Sluice.Tool.Bench;

/// <summary>Chooses how log writes are made durable when the command line does not say.</summary>
internal static class DurableForms
{
    private const int ProbeBlockBytesMax = 1 << 20;
    private static readonly TimeSpan s_budget = TimeSpan.FromSeconds(0.6);

    /// <summary>The form that is fastest for a method, measured in the folder of the data file. Blocks for about a second.</summary>
    /// <param name="workload">The work: its depth, block and way through the cache are those of the measurement.</param>
    /// <param name="method">The method; .NET's own have one form and are not measured.</param>
    /// <param name="cancellationToken">Stops.</param>
    internal static DurableWriteForm Fastest(Workload workload, string method, CancellationToken cancellationToken)
    {
        if (method is Names.RandomAccessMethod or Names.PreadMethod) return DurableWriteForm.WriteThenFlush;
        bool canMeasure = workload.BlockBytes % 512 == 0 && workload.BlockBytes <= ProbeBlockBytesMax;
        DurabilityProbeOptions options = new()
        {
            BlockBytes = canMeasure ? workload.BlockBytes : 8 << 10,
            Depths = [workload.Depth],
            ReadDepths = [],
            Budget = TimeSpan.FromSeconds(Math.Min(s_budget.TotalSeconds, workload.Duration.TotalSeconds)),
            Rounds = 3,
        };
        string folder = Path.GetDirectoryName(Path.GetFullPath(workload.Path)) ?? ".";
        using AioSystem system = AioSystem.Start(new AioSystemOptions
        {
            Method = method,
            SharedContexts = 1,
            ContextsMax = 8,
            HandlesPerContext = Math.Max(32, workload.Depth),
        });
        DurabilityReport report = DurabilityProbe
            .MeasureAsync(system, folder, options, progress: null, cancellationToken).GetAwaiter().GetResult();
        return report.BestForm(workload.Depth, workload.IsDirect);
    }
}
