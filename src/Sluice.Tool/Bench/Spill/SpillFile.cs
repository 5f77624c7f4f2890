using System.Diagnostics;
using Sluice.TempFiles;
using Sluice.Tool.Infrastructure;

namespace Sluice.Tool.Bench.Spill;

/// <summary>A temporary file that is written and then read in order, again and again: two rows.</summary>
internal static class SpillFile
{
    private const int BlockBytesDefault = 128 << 10;
    private const int BlockBytesUnit = 4096;
    private const int BlockBytesMax = 16 << 20;
    private const int Depth = 16;
    private const long WarmUpBytes = 32 << 20;

    /// <summary>Looks at the options.</summary>
    /// <exception cref="UsageException">The blocks do not go with a temporary file.</exception>
    internal static void Require(BenchRequest request, long sizeBytes)
    {
        int blockBytes = BlockOf(request);
        if (blockBytes % BlockBytesUnit == 0 && blockBytes is >= BlockBytesUnit and <= BlockBytesMax && blockBytes <= sizeBytes) return;
        throw new UsageException(
            $"--block {BenchText.Argument(blockBytes)} does not go with a temporary file of {ByteSize.Format(sizeBytes)}: "
            + "give a multiple of 4k, from 4k to 16m, and no more than --size.");
    }

    /// <summary>Writes and reads for as long as was asked for, each of both at least once. Blocks.</summary>
    /// <returns>A row for the writes and one for the reads.</returns>
    internal static BenchResult[] Measure(
        AioContext context, TempOwner owner, BenchRequest request, string method, long sizeBytes, double seconds,
        CancellationToken cancellationToken)
    {
        int blockBytes = BlockOf(request);
        long blocks = sizeBytes / blockBytes;
        SpillMeter writes = new();
        SpillMeter reads = new();

        // The same code at a smaller size, until the compiler has made its best of it.
        long startedAt = Stopwatch.GetTimestamp();
        do
        {
            using BufFile file = owner.Space.CreateFile(owner);
            Write(context, file, blockBytes, Math.Min(blocks, Math.Max(1, WarmUpBytes / blockBytes)), cancellationToken);
            Read(context, file, blockBytes, cancellationToken);
        }
        while (Stopwatch.GetElapsedTime(startedAt) < ScenarioBench.WarmUpFor(seconds));

        startedAt = Stopwatch.GetTimestamp();
        do
        {
            using BufFile file = owner.Space.CreateFile(owner);
            writes.Count(() => Write(context, file, blockBytes, blocks, cancellationToken));
            reads.Count(() => Read(context, file, blockBytes, cancellationToken));
            if (reads.Operations != writes.Operations)
            {
                throw new FailureException($"{writes.Operations} blocks were written and {reads.Operations} came back.");
            }
        }
        while (Stopwatch.GetElapsedTime(startedAt).TotalSeconds < seconds);

        return [RowOf("spill write", writes), RowOf("spill read", reads)];

        BenchResult RowOf(string scenario, SpillMeter meter) =>
            meter.ToResult(scenario, method, blockBytes, Depth, request.IsDirect);
    }

    private static long Write(AioContext context, BufFile file, int blockBytes, long blocks, CancellationToken cancellationToken)
    {
        using BufFileWriter writer = new(context, file, 0, blockBytes, Depth, cancellationToken);
        for (long block = 0; block < blocks; block++)
        {
            writer.GetSpan()[0] = (byte)block;
            writer.Advance(blockBytes);
        }

        writer.Flush();
        return blocks;
    }

    private static long Read(AioContext context, BufFile file, int blockBytes, CancellationToken cancellationToken)
    {
        using BufFileReader reader = new(context, file, 0, blockBytes, Depth, cancellationToken);
        long count = 0;
        for (; reader.Peek() is { IsEmpty: false } there; count++)
        {
            if (there[0] != (byte)count) throw new FailureException($"Block {count} came back as another.");
            reader.Advance(there.Length);
        }

        return count;
    }

    private static int BlockOf(BenchRequest request) => request.IsBlockGiven ? request.BlockBytes : BlockBytesDefault;
}
