using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>What can be asked about the pool. No lock that a user of pages takes.</summary>
public sealed partial class BufferPool
{
    private readonly Lock _failuresLock = new();
    private readonly Dictionary<uint, ChecksumFailures> _failures = [];

    /// <summary>Looks at one buffer; its row agrees with itself. Any thread.</summary>
    /// <param name="bufferIndex">Which, below <see cref="BufferCount"/>.</param>
    public BufferInfo Inspect(int bufferIndex)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)bufferIndex, (uint)Frames.Count, nameof(bufferIndex));
        ulong state = Frames.LockHeader(bufferIndex);
        bool hasPage = (state & BufferState.TagValid) != 0;
        PageTag tag = hasPage ? Frames.TagOf(bufferIndex) : default;
        Frames.UnlockHeader(bufferIndex);
        return new BufferInfo(
            bufferIndex,
            tag,
            hasPage,
            (state & BufferState.Valid) != 0,
            (state & BufferState.Dirty) != 0,
            (state & BufferState.IoInProgress) != 0,
            BufferState.Usage(state),
            BufferState.Pins(state));
    }

    /// <summary>Every buffer, one row each; rows are of slightly different moments. What pg_buffercache tells.</summary>
    public IReadOnlyList<BufferInfo> Snapshot()
    {
        BufferInfo[] rows = new BufferInfo[Frames.Count];
        for (int index = 0; index < rows.Length; index++) rows[index] = Inspect(index);
        return rows;
    }

    /// <summary>The pool in a few numbers. Touches no lock at all.</summary>
    public BufferSummary Summarize()
    {
        int used = 0;
        int dirty = 0;
        int pinned = 0;
        long usage = 0;
        for (int index = 0; index < Frames.Count; index++)
        {
            ulong state = Frames.ReadState(index);
            if (BufferState.Pins(state) != 0) pinned++;
            if ((state & BufferState.TagValid) == 0) continue;
            used++;
            usage += BufferState.Usage(state);
            if ((state & BufferState.Dirty) != 0) dirty++;
        }

        return new BufferSummary(used, Frames.Count - used, dirty, pinned, used == 0 ? 0 : (double)usage / used);
    }

    /// <summary>How often buffers are used: one row for each usage count from 0 to 5.</summary>
    public IReadOnlyList<BufferUsageRow> CountUsage()
    {
        BufferUsageRow[] rows = new BufferUsageRow[BufferState.UsageMax + 1];
        for (int usage = 0; usage < rows.Length; usage++) rows[usage] = new BufferUsageRow(usage, 0, 0, 0);
        for (int index = 0; index < Frames.Count; index++)
        {
            ulong state = Frames.ReadState(index);
            ref BufferUsageRow row = ref rows[Math.Min(BufferState.Usage(state), BufferState.UsageMax)];
            row = new BufferUsageRow(
                row.UsageCount,
                row.Buffers + 1,
                row.Dirty + ((state & BufferState.Dirty) != 0 ? 1 : 0),
                row.Pinned + (BufferState.Pins(state) != 0 ? 1 : 0));
        }

        return rows;
    }

    /// <summary>
    /// What was read, written and found since the pool was made; and what was done past it since the storage manager was made: bulk writes,
    /// and syncs outside of checkpoints; and what the log did, if it says so (<see cref="ILogIoStatistics"/>). What pg_stat_io tells. Any
    /// thread.
    /// </summary>
    public IoStatistics ReadStatistics()
    {
        IoCounters sum = new();
        lock (_lock)
        {
            _retired.AddTo(sum);
            foreach (BufferSession session in CollectionsMarshal.AsSpan(_sessions)) session.Counters.AddTo(sum);
        }

        Storage.AddCountersTo(sum);
        if (Options.LogFlusher is ILogIoStatistics log)
        {
            foreach (IoStatisticsRow row in log.ReadIoStatistics())
            {
                sum.Add(IoObject.Log, row.Context, row.Action, row.Count, row.Bytes, (long)(row.Time.TotalSeconds * Stopwatch.Frequency));
            }
        }

        return new IoStatistics(sum);
    }

    /// <summary>Where the search for victims has come. Any thread.</summary>
    public ClockPosition ReadClock()
    {
        long allocations;
        lock (_lock)
        {
            allocations = _retiredAllocations;
            foreach (BufferSession session in CollectionsMarshal.AsSpan(_sessions)) allocations += session.Allocations;
        }

        return new ClockPosition(Clock.Ticks, allocations, Frames.Count);
    }

    /// <summary>Databases that had pages with wrong checksums, in order of their numbers. Any thread.</summary>
    public IReadOnlyList<ChecksumFailures> ReadChecksumFailures()
    {
        lock (_failuresLock) return [.. _failures.Values.OrderBy(static row => row.DatabaseOid)];
    }

    /// <summary>What one database had. Any thread.</summary>
    /// <param name="databaseOid">The database; 0 for what all share.</param>
    public ChecksumFailures ReadChecksumFailures(uint databaseOid)
    {
        lock (_failuresLock) return _failures.GetValueOrDefault(databaseOid, new ChecksumFailures(databaseOid, 0, null));
    }

    internal void NoteChecksumFailure(uint databaseOid)
    {
        lock (_failuresLock)
        {
            ref ChecksumFailures row = ref CollectionsMarshal.GetValueRefOrAddDefault(_failures, databaseOid, out _);
            row = new ChecksumFailures(databaseOid, row.Count + 1, System.TimeProvider.GetUtcNow());
        }
    }
}
