using Spectre.Console;

namespace Sluice.Tool.Bench.Report;

/// <summary>Results as one table that a person can read.</summary>
internal static class ResultTable
{
    /// <summary>Writes the table, then the notes.</summary>
    internal static void Write(IAnsiConsole console, IReadOnlyList<BenchSection> sections, IReadOnlyList<string> notes)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("Run").NoWrap());
        string[] numbers = ["Operations/s", "MiB/s", "CPU us/op", "p50", "p99", "Bytes/op", "vs .NET"];
        foreach (string number in numbers) table.AddColumn(new TableColumn(number).RightAligned().NoWrap());
        foreach (BenchSection section in sections)
        {
            table.AddRow($"[bold]{Markup.Escape(section.ShortTitle)}[/]");
            foreach (BenchRow row in section.Rows) AddRow(table, section, row);
        }

        console.Write(table);
        console.WriteLine("vs .NET: operations per second over those of .NET's own RandomAccess with as many operations in flight.");
        foreach (string note in sections.SelectMany(static section => section.Notes).Concat(notes)) console.WriteLine(note);
    }

    private static void AddRow(Table table, BenchSection section, BenchRow row)
    {
        BenchResult result = row.Result;
        table.AddRow(
            "  " + Markup.Escape(row.Label),
            BenchText.Count(result.OperationsPerSecond),
            row.Result.Method == Names.NullMethod ? "" : BenchText.MebibytesPerSecond(result.BytesPerSecond),
            BenchText.Number(result.CpuMicrosecondsPerOperation),
            BenchText.Time(result.Latency.P50),
            BenchText.Time(result.Latency.P99),
            BenchText.Number(Math.Round(result.AllocatedBytesPerOperation, 2)),
            section.RatioOf(row) is { } ratio ? BenchText.Ratio(ratio) : "");
    }
}
