namespace Sluice.Tool.Bench;

/// <summary>What the standard programme gave.</summary>
/// <param name="Sections">Runs to compare, in order.</param>
/// <param name="Notes">What could not be measured, and why.</param>
/// <param name="Facts">Where it was measured.</param>
/// <param name="FileBytes">How large the data file was.</param>
internal sealed record BenchReport(IReadOnlyList<BenchSection> Sections, IReadOnlyList<string> Notes, MachineFacts Facts, long FileBytes)
{
    /// <summary>The one sentence that answers what it buys; null when there is nothing to compare.</summary>
    internal string? Verdict
    {
        get
        {
            BenchSection? section = Sections.FirstOrDefault(static section => section.Baseline is not null && section.Rows.Any(IsSluices));
            if (section?.Baseline is not { } baseline) return null;
            BenchRow best = section.Rows.Where(IsSluices).MaxBy(static row => row.Result.OperationsPerSecond)!;
            double speed = best.Result.OperationsPerSecond / baseline.Result.OperationsPerSecond;
            double cpu = best.Result.CpuMicrosecondsPerOperation / Math.Max(baseline.Result.CpuMicrosecondsPerOperation, 1e-9);
            string what = char.ToLowerInvariant(section.Title[0]) + section.Title[1..];
            return $"{best.Label} does {BenchText.Ratio(speed)} the operations of .NET's own RandomAccess "
                + $"at {BenchText.Ratio(cpu)} the CPU per operation ({what}).";
        }
    }

    private static bool IsSluices(BenchRow row) => row.Result.Method is not (Names.RandomAccessMethod or Names.PreadMethod);
}
