using System.Globalization;
using System.Text.Json;
using Sluice.Storage;
using Sluice.Tool.Infrastructure;
using Sluice.Wal;

namespace Sluice.Tool.Wal;

/// <summary>Writes the records of a log as lines or as objects, and how far the log could be read.</summary>
internal static class LogListing
{
    internal static async Task<int> WriteAsync(AioSystem system, string folder, WalReaderOptions options, long count, bool isJson, TextWriter output, CancellationToken cancellationToken)
    {
        await using WalReader reader = await WalReader.OpenAsync(system, folder, options);
        if (!isJson) output.WriteLine($"{"position",-18} {"end",-18} {"previous",-18} {"kind",-10} {"bytes",10} {"opening",8}  crc");
        long shown = 0;
        while (shown < count && await reader.ReadAsync())
        {
            cancellationToken.ThrowIfCancellationRequested();
            shown++;
            LogRecord record = reader.Current;
            if (isJson) output.WriteLine(JsonSerializer.Serialize(ToRow(record)));
            else output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{record.Position,-18} {record.EndPosition,-18} {record.Previous,-18} {KindOf(record),-10} {record.Body.Length,10} {record.Incarnation,8}  ok"));
        }

        if (reader.End is not { } end) return Program.Done;
        bool isDamage = end.Reason is not (WalEndReason.NothingWritten or WalEndReason.SegmentMissing);
        if (isJson) output.WriteLine(JsonSerializer.Serialize(new Dictionary<string, object> { ["end"] = end.Position.ToString(), ["obstacle"] = end.Obstacle.ToString(), ["reason"] = end.Reason.ToString(), ["explanation"] = end.Explanation, ["records"] = shown }));
        else output.WriteLine($"{shown} records; {end.Explanation}{(isDamage ? $" ({end.Reason})" : "")}");
        return end.Reason == WalEndReason.ReadFailed ? throw new FailureException(end.Explanation) : Program.Done;
    }

    internal static LogPosition ParsePosition(string option, string text) =>
        LogPosition.TryParse(text, out LogPosition position) ? position : throw new UsageException($"{option} is '{text}': give a position such as 0/1000048.");

    private static Dictionary<string, object> ToRow(LogRecord record) => new()
    {
        ["position"] = record.Position.ToString(),
        ["end"] = record.EndPosition.ToString(),
        ["previous"] = record.Previous.ToString(),
        ["kind"] = (int)record.Kind,
        ["name"] = KindOf(record),
        ["bytes"] = record.Body.Length,
        ["pieces"] = record.Pieces,
        ["incarnation"] = record.Incarnation,
        ["crc"] = "ok",
    };

    private static string KindOf(LogRecord record) => record.Kind switch
    {
        0xFF00 => "padding",
        0xFF01 => "opening",
        0xFF02 => "ckpt-begin",
        0xFF03 => "ckpt-end",
        _ => record.Kind.ToString("X4", CultureInfo.InvariantCulture),
    };
}
