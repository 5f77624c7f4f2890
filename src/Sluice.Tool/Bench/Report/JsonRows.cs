using System.Text;
using System.Text.Json;

namespace Sluice.Tool.Bench.Report;

/// <summary>Results as a JSON array, a row per run. Other programs read it: keys are never renamed or taken away.</summary>
internal static class JsonRows
{
    /// <summary>Writes the rows.</summary>
    internal static string Write(IReadOnlyList<BenchResult> results)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartArray();
            foreach (BenchResult result in results) Write(writer, result);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, BenchResult result)
    {
        writer.WriteStartObject();
        writer.WriteString("scenario", result.Scenario);
        writer.WriteString("method", result.Method);
        writer.WriteString("mode", result.Mode);
        writer.WriteNumber("blockBytes", result.BlockBytes);
        writer.WriteNumber("depth", result.Depth);
        writer.WriteNumber("threads", result.Threads);
        writer.WriteBoolean("direct", result.IsDirect);
        writer.WriteNumber("seconds", Math.Round(result.Seconds, 3));
        writer.WriteNumber("operations", result.Operations);
        writer.WriteNumber("operationsPerSecond", Math.Round(result.OperationsPerSecond, 1));
        writer.WriteNumber("bytesPerSecond", Math.Round(result.BytesPerSecond));
        writer.WriteNumber("cpuMicrosecondsPerOperation", Math.Round(result.CpuMicrosecondsPerOperation, 4));
        writer.WriteNumber("allocatedBytesPerOperation", Math.Round(result.AllocatedBytesPerOperation, 3));
        if (result.Pages is { } pages)
        {
            writer.WriteNumber("pages", pages);
            writer.WriteNumber("pagesPerSecond", Math.Round(result.PagesPerSecond ?? 0, 1));
        }

        writer.WriteStartObject("latencyMicroseconds");
        writer.WriteNumber("p50", Math.Round(result.Latency.P50, 3));
        writer.WriteNumber("p99", Math.Round(result.Latency.P99, 3));
        writer.WriteNumber("p999", Math.Round(result.Latency.P999, 3));
        writer.WriteNumber("max", Math.Round(result.Latency.Max, 3));
        writer.WriteEndObject();
        if (result.Records is { } records)
        {
            writer.WriteNumber("records", records);
            writer.WriteNumber("recordsPerSecond", Math.Round(result.RecordsPerSecond!.Value, 1));
        }

        writer.WriteEndObject();
    }
}
