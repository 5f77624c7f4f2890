namespace Sluice.Tool.Bench;

/// <summary>A run that was made.</summary>
/// <param name="Result">What it gave.</param>
/// <param name="Command">The command that makes it again.</param>
/// <param name="Durable">How its writes were made durable; null when they were not.</param>
internal sealed record BenchRow(BenchResult Result, string Command, string? Durable = null)
{
    /// <summary>Whether it is .NET's own asynchronous I/O, which the others are compared with.</summary>
    internal bool IsBaseline => Result.Method == Names.RandomAccessMethod;

    /// <summary>What it is called in tables and charts.</summary>
    internal string Label => Result.Method switch
    {
        Names.RandomAccessMethod => ".NET RandomAccess",
        Names.PreadMethod => "pread, one at a time",
        _ => $"{Result.Method}, {Result.Mode}{(Durable is null ? "" : ", " + Durable)}",
    };
}

/// <summary>Runs that are to be compared with each other.</summary>
/// <param name="Title">What they do.</param>
/// <param name="Meaning">What that stands for.</param>
/// <param name="Rows">The runs.</param>
/// <param name="Notes">What else is to be known, one sentence each.</param>
internal sealed record BenchSection(string Title, string Meaning, IReadOnlyList<BenchRow> Rows, IReadOnlyList<string> Notes)
{
    /// <summary>Operations per second over those of .NET's own RandomAccess; null when that was not measured here.</summary>
    internal double? RatioOf(BenchRow row) =>
        Baseline is { } baseline ? row.Result.OperationsPerSecond / baseline.Result.OperationsPerSecond : null;

    /// <summary>What they do, in as few words as a column of a table has room for.</summary>
    internal string ShortTitle => Rows is [{ Result: var first }, ..]
        ? $"{first.Scenario} {BenchText.Argument(first.BlockBytes)} x {first.Depth}{(first.IsDirect ? " direct" : "")}"
        : Title;

    /// <summary>.NET's own asynchronous I/O.</summary>
    internal BenchRow? Baseline => Rows.FirstOrDefault(static row => row.IsBaseline);
}
