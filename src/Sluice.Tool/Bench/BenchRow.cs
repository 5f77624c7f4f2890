namespace Sluice.Tool.Bench;

/// <summary>A run that was made.</summary>
/// <param name="Result">What it gave.</param>
/// <param name="Command">The command that makes it again.</param>
internal sealed record BenchRow(BenchResult Result, string Command)
{
    /// <summary>Whether it is .NET's own asynchronous I/O, which the others are compared with.</summary>
    internal bool IsBaseline => Result.Method == Names.RandomAccessMethod;

    /// <summary>What it is called in tables and charts.</summary>
    internal string Label => Result.Method switch
    {
        Names.RandomAccessMethod => ".NET RandomAccess",
        Names.PreadMethod => "pread, one at a time",
        _ => $"{Result.Method}, {Result.Mode}",
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
    internal double? RatioOf(BenchRow row) => Baseline is { } baseline ? row.Result.OperationsPerSecond / baseline.Result.OperationsPerSecond : null;

    /// <summary>.NET's own asynchronous I/O.</summary>
    internal BenchRow? Baseline => Rows.FirstOrDefault(static row => row.IsBaseline);
}
