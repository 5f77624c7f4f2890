namespace Sluice.TempFiles;

/// <summary>Merges runs until so few are left that one merge gives the result. Belongs to the flow that uses its context.</summary>
internal static class RunMerger
{
    private const int RecordsPerLook = 4096;

    /// <summary>Opens the merge that gives the result, after as many merges into longer runs as that needs.</summary>
    /// <param name="shared">The sort.</param>
    /// <param name="context">Through which everything is read and written.</param>
    /// <param name="runs">The runs in the order of the input.</param>
    /// <param name="order">The order.</param>
    /// <param name="merged">Told how many records each merge into a longer run has done, now and then.</param>
    internal static MergedRecords<TOrder> Open<TOrder>(SortShared shared, AioContext context, List<SortRun> runs, TOrder order,
        Action<long>? merged = null)
        where TOrder : struct, IRecordOrder
    {
        int fanIn = shared.Plan.FanIn;
        while (runs.Count > fanIn)
        {
            // The first merge takes just so many that all others, and the last above all, are full.
            int surplus = (runs.Count - 1) % (fanIn - 1);
            int count = surplus == 0 ? fanIn : surplus + 1;
            int first = SmallestGroup(runs, count);
            SortRun longer = MergeGroup(shared, context, runs.GetRange(first, count), order, merged);
            runs.RemoveRange(first, count);
            runs.Insert(first, longer);
        }

        return OpenGroup(shared, context, runs, order);
    }

    // Neighbours only: ties are broken by the order of the input.
    private static int SmallestGroup(List<SortRun> runs, int count)
    {
        long sum = 0;
        for (int index = 0; index < count; index++) sum += runs[index].Tape.LengthBytes;
        long least = sum;
        int first = 0;
        for (int index = count; index < runs.Count; index++)
        {
            sum += runs[index].Tape.LengthBytes - runs[index - count].Tape.LengthBytes;
            if (sum >= least) continue;
            least = sum;
            first = index - count + 1;
        }

        return first;
    }

    private static unsafe SortRun MergeGroup<TOrder>(SortShared shared, AioContext context, List<SortRun> runs, TOrder order,
        Action<long>? merged)
        where TOrder : struct, IRecordOrder
    {
        SortPlan plan = shared.Plan;
        LogicalTape tape = shared.Tapes.CreateTape();
        long records = 0;
        shared.CountMemory((long)plan.WriterBuffers * plan.BlockBytes);
        try
        {
            using MergedRecords<TOrder> source = OpenGroup(shared, context, runs, order);
            using LogicalTapeWriter writer = new(context, shared.Tapes, plan.WriterBuffers, shared.CancellationToken);
            writer.Begin(tape);
            while (source.MoveNext())
            {
                writer.WriteRecord(source.Record, source.Length);
                if (++records % RecordsPerLook != 0) continue;
                shared.CancellationToken.ThrowIfCancellationRequested();
                merged?.Invoke(RecordsPerLook);
            }

            writer.Finish();
        }
        finally
        {
            shared.CountMemory(-(long)plan.WriterBuffers * plan.BlockBytes);
        }

        return new SortRun(runs[0].Sequence, tape, records);
    }

    private static MergedRecords<TOrder> OpenGroup<TOrder>(SortShared shared, AioContext context, List<SortRun> runs, TOrder order)
        where TOrder : struct, IRecordOrder
    {
        LogicalTape[] tapes = [.. runs.Select(static run => run.Tape)];
        int buffers = Math.Max(shared.Plan.MergeBuffers, tapes.Length);
        TapeMergeReader reader = new(context, shared.Tapes, tapes, buffers, shared.CancellationToken);
        RecordSource[] sources = new RecordSource[tapes.Length];
        for (int index = 0; index < sources.Length; index++) sources[index] = new TapeRecordSource(reader.Cursors[index]);
        return new MergedRecords<TOrder>(sources, new CountedReader(shared, reader), order, shared.IsUnique, shared.Limit);
    }

    /// <summary>Counts the memory of a merge for as long as it lasts.</summary>
    private sealed class CountedReader : IDisposable
    {
        private readonly SortShared _shared;
        private readonly TapeMergeReader _reader;
        private readonly long _bytes;

        internal CountedReader(SortShared shared, TapeMergeReader reader)
        {
            _shared = shared;
            _reader = reader;
            _bytes = reader.MemoryBytes;
            shared.CountMemory(_bytes);
        }

        public void Dispose()
        {
            _reader.Dispose();
            _shared.CountMemory(-_bytes);
        }
    }
}
