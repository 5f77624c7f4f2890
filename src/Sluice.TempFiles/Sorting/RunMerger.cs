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
    /// <param name="merged">
    /// Told now and then how many records went through merges into longer runs, those that were dropped as equal among them, and how many
    /// are to go through them in all.
    /// </param>
    internal static MergedRecords<TOrder> Open<TOrder>(SortShared shared, AioContext context, List<SortRun> runs, TOrder order,
        Action<long, long>? merged = null)
        where TOrder : struct, IRecordOrder
    {
        List<Step> steps = Plan(runs, shared.Plan.FanIn);
        long done = 0;
        long all = steps.Sum(static step => step.Records);
        foreach (Step step in steps)
        {
            Action<long>? told = merged is null ? null : count => merged(done + count, all);
            SortRun longer = MergeGroup(shared, context, runs.GetRange(step.First, step.Count), order, told);
            runs.RemoveRange(step.First, step.Count);
            runs.Insert(step.First, longer);
            done += step.Records;
            merged?.Invoke(done, all);
        }

        return OpenGroup(shared, context, runs, order);
    }

    // Which neighbours are merged, one group after the other, until one merge is left. The first takes just so many that all others, and
    // the last above all, are full. What is dropped as equal on the way is not known here and counts.
    private static List<Step> Plan(List<SortRun> runs, int fanIn)
    {
        List<Step> steps = [];
        List<(long Bytes, long Records)> left = [.. runs.Select(static run => (run.Tape.LengthBytes, run.Records))];
        while (left.Count > fanIn)
        {
            int surplus = (left.Count - 1) % (fanIn - 1);
            int count = surplus == 0 ? fanIn : surplus + 1;
            int first = SmallestGroup(left, count);
            long bytes = 0;
            long records = 0;
            foreach ((long Bytes, long Records) run in left.GetRange(first, count))
            {
                bytes += run.Bytes;
                records += run.Records;
            }

            steps.Add(new Step(first, count, records));
            left.RemoveRange(first, count);
            left.Insert(first, (bytes, records));
        }

        return steps;
    }

    // Neighbours only: ties are broken by the order of the input.
    private static int SmallestGroup(List<(long Bytes, long Records)> runs, int count)
    {
        long sum = 0;
        for (int index = 0; index < count; index++) sum += runs[index].Bytes;
        long least = sum;
        int first = 0;
        for (int index = count; index < runs.Count; index++)
        {
            sum += runs[index].Bytes - runs[index - count].Bytes;
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
                merged?.Invoke(records);
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

    /// <summary>One merge into a longer run.</summary>
    private readonly record struct Step(int First, int Count, long Records);

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
