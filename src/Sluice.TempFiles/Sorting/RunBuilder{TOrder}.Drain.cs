using System.Runtime.Intrinsics.X86;

namespace Sluice.TempFiles;

// Writing a run, at once or a bit at a time.
internal sealed unsafe partial class RunBuilder<TOrder>
{
    // So many entries ahead the records are fetched, because they lie in memory in another order.
    private const int FetchAhead = 8;
    private const int CacheLineBytes = 64;
    private const int RecordsPerLook = 4096;

    private LogicalTapeWriter? _writer;
    private LogicalTape? _drainTape;
    private int _drainIndex;
    private int _drainLast;
    private long _drainRecords;

    /// <summary>Whether it is being written: nothing may be added before it is empty.</summary>
    internal bool IsDraining => _drainTape is not null;

    /// <summary>Sorts what is there, starts writing it, and is empty. The next run can be built at once.</summary>
    /// <returns>The last record that was written when as many as wanted were; null otherwise.</returns>
    internal SortCutoff? Spill()
    {
        BeginDrain();
        WriteRecords(long.MaxValue);
        SortCutoff? cutoff = _drainRecords == _shared.Limit && _drainLast >= 0 ? CutoffAt(_drainLast) : null;
        EndDrain();
        return cutoff;
    }

    /// <summary>Sorts what is there unless it is, and begins to write it.</summary>
    internal void BeginDrain()
    {
        Sort();
        _writer ??= MakeWriter();
        _drainTape = _shared.Tapes.CreateTape();
        _writer.Begin(_drainTape);
        _drainIndex = 0;
        _drainLast = -1;
        _drainRecords = 0;
    }

    /// <summary>Writes more of the run; when that was the rest of it, this is empty. Does nothing when nothing is to be written.</summary>
    /// <param name="bytes">How many bytes of records and entries, about.</param>
    internal void Drain(long bytes)
    {
        if (_drainTape is not null && !WriteRecords(bytes)) EndDrain();
    }

    /// <summary>Waits until every run that was spilled is on its tape.</summary>
    internal void CompleteWrites() => _writer?.FinishWait();

    private LogicalTapeWriter MakeWriter()
    {
        _shared.CountMemory((long)_shared.Plan.WriterBuffers * _shared.Plan.BlockBytes);
        return new LogicalTapeWriter(Context, _shared.Tapes, _shared.Plan.WriterBuffers, _shared.CancellationToken);
    }

    private void EndDrain()
    {
        _writer!.FinishStart();
        _shared.AddRun(new SortRun(Sequence, _drainTape!, _drainRecords));
        _drainTape = null;
        Clear();
    }

    // Returns false at the end.
    private bool WriteRecords(long bytes)
    {
        LogicalTapeWriter writer = _writer!;
        RecordEntry* entries = Entries;
        byte* memory = _memory.Address;
        int count = Count;
        int last = _drainLast;
        int index = _drainIndex;
        long written = _drainRecords;
        long wanted = _shared.Limit;
        bool isUnique = _shared.IsUnique;
        for (; index < count && written < wanted && bytes > 0; index++)
        {
            if (Sse.IsSupported && index + FetchAhead < count)
            {
                byte* ahead = memory + entries[index + FetchAhead].Offset;
                Sse.Prefetch0(ahead);
                Sse.Prefetch0(ahead + CacheLineBytes);
            }

            RecordEntry* entry = entries + index;
            bytes -= entry->Length + sizeof(RecordEntry);
            if (isUnique && last >= 0 && AreEqual(last, index)) continue;
            writer.WriteRecord(memory + entry->Offset, entry->Length);
            last = index;
            written++;
            if (index % RecordsPerLook == 0) _shared.CancellationToken.ThrowIfCancellationRequested();
        }

        _drainIndex = index;
        _drainLast = last;
        _drainRecords = written;
        return index < count && written < wanted;
    }
}
