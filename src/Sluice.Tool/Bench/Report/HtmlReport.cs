using System.Globalization;
using System.Net;
using System.Text;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Report;

/// <summary>The report as one page that needs nothing else: no script, no font, no picture from elsewhere.</summary>
internal static class HtmlReport
{
    /// <summary>What the page is called.</summary>
    internal const string FileName = "sluice-report.html";

    /// <summary>Writes the page.</summary>
    internal static string Write(BenchReport report)
    {
        StringBuilder page = new();
        page.Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.Append("<title>Sluice benchmark</title>\n<style>\n").Append(HtmlStyle.Css).Append("</style>\n</head>\n<body>\n");
        WriteHeader(page, report);
        page.Append("<main>\n");
        for (int index = 0; index < report.Sections.Count; index++) WriteSection(page, report.Sections[index], index);
        WriteMethod(page, report);
        page.Append("</main>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static void WriteHeader(StringBuilder page, BenchReport report)
    {
        page.Append("<header>\n<h1>What asynchronous I/O buys on this machine</h1>\n");
        if (report.Verdict is { } verdict) Add(page, $"<p class=\"verdict\">{Encode(verdict)}</p>\n");
        page.Append("<dl class=\"facts\">\n");
        foreach ((string name, string value) in report.Facts.Facts) WriteFact(page, name, value);
        WriteFact(page, "Data file", $"{ByteSize.Format(report.FileBytes)}, written in full, not compressible");
        page.Append("</dl>\n");
        if (report.Notes.Count > 0)
        {
            page.Append("<aside><h2>Not measured</h2><ul>\n");
            foreach (string note in report.Notes) Add(page, $"<li>{Encode(note)}</li>\n");
            page.Append("</ul></aside>\n");
        }

        page.Append("</header>\n");
    }

    private static void WriteSection(StringBuilder page, BenchSection section, int index)
    {
        string id = $"s{index}";
        Add(page, $"<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{Encode(section.Title)}</h2>\n");
        Add(page, $"<p>{Encode(section.Meaning)}</p>\n");
        foreach (string note in section.Notes) Add(page, $"<p class=\"note\">{Encode(note)}</p>\n");
        if (section.Rows.Count > 0)
        {
            page.Append("<div class=\"charts\">\n");
            WriteCharts(page, section, id);
            page.Append("</div>\n");
            WriteTable(page, section);
            WriteCommands(page, section);
        }

        page.Append("</section>\n");
    }

    private static void WriteCharts(StringBuilder page, BenchSection section, string id)
    {
        bool isNull = section.Rows.Any(static row => row.Result.Method == Names.NullMethod);
        if (isNull)
        {
            WriteCpuChart(page, section, id);
            return;
        }

        BarChart.Write(page, $"{id}-speed", "Operations per second (more is better)", section.Rows.Select(static row =>
            new Bar(row.Label, row.Result.OperationsPerSecond, BenchText.Count(row.Result.OperationsPerSecond), row.IsBaseline)));
        WriteCpuChart(page, section, id);
    }

    private static void WriteCpuChart(StringBuilder page, BenchSection section, string id) =>
        BarChart.Write(page, $"{id}-cpu", "CPU per operation (less is better)", section.Rows.Select(static row =>
            new Bar(
                row.Label,
                row.Result.CpuMicrosecondsPerOperation,
                BenchText.Time(row.Result.CpuMicrosecondsPerOperation),
                row.IsBaseline)));

    private static void WriteTable(StringBuilder page, BenchSection section)
    {
        Add(page, $"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures: {Encode(section.Title)}\">\n");
        page.Append("<table>\n<thead><tr><th scope=\"col\">Run</th>");
        ReadOnlySpan<string> columns = ["Operations/s", "MiB/s", "CPU/op", "p50", "p99", "p99.9", "Allocated/op", "vs .NET"];
        foreach (string column in columns)
        {
            Add(page, $"<th scope=\"col\">{column}</th>");
        }

        page.Append("</tr></thead>\n<tbody>\n");
        foreach (BenchRow row in section.Rows)
        {
            BenchResult result = row.Result;
            Add(page, $"<tr{(row.IsBaseline ? " class=\"baseline\"" : "")}><th scope=\"row\">{Encode(row.Label)}</th>");
            Cell(page, BenchText.Count(result.OperationsPerSecond));
            Cell(page, result.Method == Names.NullMethod ? "" : BenchText.MebibytesPerSecond(result.BytesPerSecond));
            Cell(page, BenchText.Time(result.CpuMicrosecondsPerOperation));
            Cell(page, BenchText.Time(result.Latency.P50));
            Cell(page, BenchText.Time(result.Latency.P99));
            Cell(page, BenchText.Time(result.Latency.P999));
            Cell(page, BenchText.Number(Math.Round(result.AllocatedBytesPerOperation, 2)) + " B");
            Cell(page, section.RatioOf(row) is { } ratio ? BenchText.Ratio(ratio) : "");
            page.Append("</tr>\n");
        }

        page.Append("</tbody>\n</table>\n</div>\n");
    }

    private static void WriteCommands(StringBuilder page, BenchSection section)
    {
        page.Append("<details><summary>Repeat each run</summary>\n<dl class=\"commands\">\n");
        foreach (BenchRow row in section.Rows)
        {
            Add(page, $"<dt>{Encode(row.Label)}</dt>");
            Add(page, $"<dd class=\"scroll\" tabindex=\"0\"><code>{Encode(row.Command)}</code></dd>\n");
        }

        page.Append("</dl></details>\n");
    }

    private static void WriteMethod(StringBuilder page, BenchReport report)
    {
        page.Append("<section aria-labelledby=\"how\">\n<h2 id=\"how\">How it was measured</h2>\n<ul>\n");
        double longest = report.Sections
            .SelectMany(static section => section.Rows)
            .Select(static row => row.Result.Seconds)
            .DefaultIfEmpty(0)
            .Max();
        string seconds = longest.ToString("0.0", CultureInfo.InvariantCulture);
        foreach (string line in (ReadOnlySpan<string>)
        [
            $"Each run has a warm-up that does not count and then {seconds} seconds that do; one run at a time, one thread unless the "
                + $"mode is await.",
            "blocking: one thread keeps all operations in flight and blocks for completions. "
                + "loop: asynchronous code on one thread of its own. await: asynchronous code on the thread pool.",
            "vs .NET is operations per second over those of RandomAccess.",
            "RandomAccess is .NET's RandomAccess.ReadAsync and WriteAsync with as many operations in flight; "
                + "for durable appends each write is followed by RandomAccess.FlushToDisk.",
            "pread is one blocking call after the other: one operation in flight.",
            "CPU per operation is user and system time of the whole process over the operations; bytes allocated are managed memory of "
                + "all threads.",
            "A latency is from start to completion. Operations that complete together share one reading of the clock.",
            "Device runs bypass the page cache (O_DIRECT). For page-cache runs the file is read beforehand. "
                + "Durable appends go through the page cache to the device.",
        ])
        {
            Add(page, $"<li>{Encode(line)}</li>\n");
        }

        page.Append("</ul>\n</section>\n");
    }

    private static void Cell(StringBuilder page, string text) => Add(page, $"<td>{Encode(text)}</td>");

    private static void WriteFact(StringBuilder page, string name, string value) =>
        Add(page, $"<div><dt>{Encode(name)}</dt><dd>{Encode(value)}</dd></div>\n");

    private static void Add(StringBuilder page, FormattableString text) => page.Append(FormattableString.Invariant(text));

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
