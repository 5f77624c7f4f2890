using System.Globalization;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Sort;

/// <summary>What a sort did, and how far it is. Written by its threads, read by whoever shows it.</summary>
internal sealed class SortReport
{
    /// <summary>The length of all inputs; 0 when not all have one. Afterwards what was read.</summary>
    internal long InputBytes { get; set; }

    internal long Lines { get; set; }

    internal long LinesBuilt { get; set; }

    internal long LinesWritten { get; set; }

    internal long OutputBytes { get; set; }

    internal int Runs { get; set; }

    internal long SpilledBytes { get; set; }

    internal long MemoryBytesPeak { get; set; }

    internal TimeSpan BuildTime { get; set; }

    internal TimeSpan MergeTime { get; set; }

    /// <summary>One line for people.</summary>
    internal string Describe(string method, int threads)
    {
        string seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
        string runs = Runs == 0 ? "all in memory" : $"{Runs} runs of {ByteSize.Format(SpilledBytes)} in all";
        return $"{LinesWritten} lines, {ByteSize.Format(OutputBytes)}: "
            + $"read and sorted in {seconds(BuildTime)} s, merged in {seconds(MergeTime)} s; {runs}; "
            + $"{ByteSize.Format(MemoryBytesPeak)} of memory, {threads} threads, io_method {method}";
    }
}
