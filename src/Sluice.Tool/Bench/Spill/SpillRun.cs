using System.Globalization;
using Sluice.Tool.Bench.Report;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary>Measures one piece of work: time, processor time of the whole process, and what was allocated.</summary>
internal static class SpillRun
{
    /// <summary>Prints rows.</summary>
    internal static void Print(IReadOnlyList<BenchResult> results, bool isJson, TextWriter output)
    {
        if (isJson)
        {
            output.WriteLine(JsonRows.Write(results));
            return;
        }

        foreach (BenchResult result in results)
        {
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Scenario}: {result.OperationsPerSecond:N0} operations/s, "
                + $"{ByteSize.Format(result.BytesPerSecond)}/s, {result.Seconds:0.00} s, "
                + $"{result.CpuMicrosecondsPerOperation:0.00} us of processor and "
                + $"{result.AllocatedBytesPerOperation:0.##} bytes allocated per operation, io_method {result.Method}");
            output.WriteLine(line);
        }
    }

    /// <summary>Does the work and makes a row of it.</summary>
    /// <param name="scenario">Its name.</param>
    /// <param name="system">The system.</param>
    /// <param name="options">The options.</param>
    /// <param name="blockBytes">The size of an operation.</param>
    /// <param name="depth">How much is in flight.</param>
    /// <param name="work">The work; returns how many operations it was.</param>
    internal static BenchResult Measure(string scenario, AioSystem system, SpillOptions options, int blockBytes, int depth, Func<long> work)
    {
        SpillMeter meter = new();
        meter.Count(work);
        return meter.ToResult(scenario, system.MethodName, blockBytes, depth, options.IsDirect);
    }
}
