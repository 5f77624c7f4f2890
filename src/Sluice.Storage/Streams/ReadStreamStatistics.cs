namespace Sluice.Storage;

/// <summary>What a read stream did: the figures of EXPLAIN (IO). One flow's own counts, exact when that flow reads them.</summary>
public readonly record struct ReadStreamStatistics
{
    /// <summary>Pages handed to the consumer.</summary>
    public long Pages { get; init; }

    /// <summary>Reads that were issued.</summary>
    public long Ios { get; init; }

    /// <summary>Blocks of those reads.</summary>
    public long IoBlocks { get; init; }

    /// <summary>Reads that the consumer had to wait for.</summary>
    public long Waits { get; init; }

    /// <summary>How many buffers were pinned when a page was handed out, summed over all pages.</summary>
    public long PinnedSum { get; init; }

    /// <summary>The most buffers that were pinned when a page was handed out.</summary>
    public int PinnedMax { get; init; }

    /// <summary>How many buffers may be pinned.</summary>
    public int Capacity { get; init; }

    /// <summary>How many reads were in progress when one was issued, itself included, summed over all reads.</summary>
    public long InProgressSum { get; init; }

    /// <summary>How far ahead of the consumer the stream was on average, in blocks.</summary>
    public double AverageLookAhead => Pages == 0 ? 0 : (double)PinnedSum / Pages;

    /// <summary>Blocks per read.</summary>
    public double AverageIoBlocks => Ios == 0 ? 0 : (double)IoBlocks / Ios;

    /// <summary>Reads in progress when one was issued, itself included.</summary>
    public double AverageInProgress => Ios == 0 ? 0 : (double)InProgressSum / Ios;
}
