using System.Globalization;
using System.Text.Json;
using Sluice.Tool.Infrastructure;
using Spectre.Console;

namespace Sluice.Tool.Probe;

/// <summary>A probe's report as a table for people, and as JSON.</summary>
internal static class ProbeText
{
    /// <summary>Writes the report.</summary>
    internal static void Write(DurabilityReport report, IAnsiConsole console)
    {
        TextWriter writer = console.Profile.Out.Writer;
        string how = $"measured with {report.MethodName}, {ByteSize.Format(report.BlockBytes)} blocks";
        writer.WriteLine($"{report.Folder}: {FileSystemName(report.Folder)}, device {report.FileSystemId}, {how}");
        writer.WriteLine(report.DirectObstacle is null
            ? $"direct I/O: offsets and lengths multiples of {report.OffsetAlignmentBytes} bytes, memory of {report.MemoryAlignmentBytes}"
            : $"direct I/O is not possible: {report.DirectObstacle}");
        writer.WriteLine();

        int[] depths = [.. report.Rows.Select(static row => row.Depth).Distinct().Order()];
        Table table = new Table().Border(TableBorder.Simple).AddColumn("durable writes per second").AddColumn("mode");
        foreach (int depth in depths) table.AddColumn(new TableColumn(depth == 1 ? "1 at a time" : $"{depth} in flight").RightAligned());
        IEnumerable<IGrouping<(DurableWriteForm Form, bool IsDirect), DurabilityRow>> lines = report.Rows.GroupBy(
            static row => (row.Form, row.IsDirect));
        foreach (IGrouping<(DurableWriteForm Form, bool IsDirect), DurabilityRow> line in lines.OrderBy(static line => line.Key.IsDirect))
        {
            List<string> cells = [Name(line.Key.Form), line.Key.IsDirect ? "direct" : "buffered"];
            foreach (int depth in depths) cells.Add(Cell(report, line.FirstOrDefault(row => row.Depth == depth)));
            table.AddRow([.. cells]);
        }

        console.Write(table);
        if (report.Reads.Count != 0)
        {
            string reads = string.Join(
                ", ",
                report.Reads.Select(static row => string.Create(CultureInfo.InvariantCulture, $"{row.Depth}: {row.ReadsPerSecond:N0}/s")));
            writer.WriteLine($"random reads by depth: {reads}");
        }

        foreach (string obstacle in report.Rows.Select(static row => row.Obstacle).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            writer.WriteLine($"not measured: {obstacle}");
        }

        DurabilitySuggestion suggestion = report.Suggestion;
        writer.WriteLine();
        writer.WriteLine("* fastest at this depth in this mode; each of the forms makes the write durable.");
        writer.WriteLine(
            $"suggestion: method {suggestion.Method}, depth {suggestion.Depth} (with method worker: {suggestion.Workers} workers)");
        writer.WriteLine($"because: {suggestion.Reason}");
    }

    /// <summary>One JSON object.</summary>
    internal static string ToJson(DurabilityReport report) => JsonSerializer.Serialize(
        new
        {
            report.Folder,
            FileSystem = FileSystemName(report.Folder),
            report.FileSystemId,
            Method = report.MethodName,
            report.BlockBytes,
            Direct = new
            {
                Possible = report.DirectObstacle is null,
                Obstacle = report.DirectObstacle,
                report.OffsetAlignmentBytes,
                report.MemoryAlignmentBytes,
            },
            DurableWrites = report.Rows.Select(static row => new
            {
                Form = JsonNamingPolicy.CamelCase.ConvertName(row.Form.ToString()),
                Direct = row.IsDirect,
                row.Depth,
                row.WritesPerSecond,
                row.MedianMicroseconds,
                row.Writes,
                row.Rounds,
                row.Obstacle,
            }),
            Reads = report.Reads,
            Best = report.Best.Select(static choice => new
            {
                choice.Depth,
                Direct = choice.IsDirect,
                Form = JsonNamingPolicy.CamelCase.ConvertName(choice.Form.ToString()),
                choice.WritesPerSecond,
            }),
            report.Suggestion,
        },
        ToolJson.Options);

    private static string Cell(DurabilityReport report, DurabilityRow? row)
    {
        if (row is null || row.Obstacle is not null) return "-";
        bool isBest = report.Best.Any(choice => choice.Depth == row.Depth && choice.IsDirect == row.IsDirect && choice.Form == row.Form);
        string rate = row.WritesPerSecond.ToString(row.WritesPerSecond < 100 ? "N1" : "N0", CultureInfo.InvariantCulture);
        return isBest ? $"[bold]{rate} *[/]" : $"{rate}  ";
    }

    private static string Name(DurableWriteForm form) => form switch
    {
        DurableWriteForm.WriteThenFlush => "write, then fdatasync",
        DurableWriteForm.WriteThrough => "durable write (RWF_DSYNC)",
        DurableWriteForm.FileWriteThrough => "file opened durable (O_DSYNC)",
        _ => "linked write and fdatasync",
    };

    private static string FileSystemName(string folder)
    {
        try
        {
            return new DriveInfo(folder).DriveFormat;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Only for people to read; the numbers do not depend on it.
            return "file system unknown";
        }
    }
}
