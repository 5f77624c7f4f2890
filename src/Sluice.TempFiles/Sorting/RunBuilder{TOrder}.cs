using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Collects records in memory, sorts them, and writes them to a tape as a run. Records are laid down from the bottom of the memory up,
/// their entries
/// from the top down. Belongs to one flow at a time, with its context.
/// </summary>
/// <typeparam name="TOrder">The order.</typeparam>
internal sealed unsafe partial class RunBuilder<TOrder> : IDisposable
    where TOrder : struct, IRecordOrder
{
    private readonly SortShared _shared;
    private readonly TOrder _order;
    private readonly SortMemory _memory;
    private RecordEntry* _top;
    private bool _isSorted;
    private bool _isDisposed;

    internal RunBuilder(SortShared shared, AioContext context, TOrder order)
    {
        _shared = shared;
        _order = order;
        Context = context;
        _memory = new SortMemory(shared.Plan.RunBytes);
        _shared.CountMemory(_memory.LengthBytes);
        _top = (RecordEntry*)(_memory.Address + _memory.LengthBytes);
    }

    /// <summary>Through which it writes.</summary>
    internal AioContext Context { get; }

    /// <summary>Where the records of this run came in the input, relative to other runs.</summary>
    internal long Sequence { get; set; }

    /// <summary>How many records it has.</summary>
    internal int Count { get; private set; }

    /// <summary>How many bytes of records it has.</summary>
    internal long UsedBytes { get; private set; }

    /// <summary>Where the next record goes.</summary>
    internal byte* Tail => _memory.Address + UsedBytes;

    /// <summary>The records.</summary>
    internal byte* Memory => _memory.Address;

    /// <summary>How long the next record may be. Negative when there is not even room for its entry.</summary>
    internal long RoomBytes => _memory.LengthBytes - UsedBytes - ((long)(Count + 1) * sizeof(RecordEntry));

    /// <summary>The entries, in order once sorted.</summary>
    internal RecordEntry* Entries => _top - Count;

    /// <summary>Takes the record that was laid down at the tail.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Commit(int length, ulong prefix) => Commit(UsedBytes, length, length, prefix);

    /// <summary>Takes a record that was laid down somewhere at or after the tail, and passes over what follows it too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Commit(long offset, int length, int passedBytes, ulong prefix)
    {
        RecordEntry* entry = _top - ++Count;
        entry->Prefix = prefix;
        entry->Offset = (uint)offset;
        entry->Length = length;
        UsedBytes = offset + passedBytes;
        _isSorted = false;
    }

    /// <summary>Makes room for a record that is longer than the budget. Only when it is empty. What lies at the tail stays.</summary>
    /// <param name="bytes">How long the record may be afterwards, at least.</param>
    /// <param name="keepBytes">How many bytes lie at the tail.</param>
    internal void Grow(long bytes, long keepBytes)
    {
        if (Count != 0 || UsedBytes != 0) throw new InvalidOperationException("Only an empty run grows.");
        long length = (bytes + (2L * sizeof(RecordEntry)) + 4095) / 4096 * 4096;
        if (length > uint.MaxValue || bytes > int.MaxValue) throw new InvalidOperationException(
            $"A record of {bytes} bytes is too long: the most is {int.MaxValue}.");
        _shared.CountMemory(length - _memory.LengthBytes);
        _memory.Grow(length, keepBytes);
        _top = (RecordEntry*)(_memory.Address + _memory.LengthBytes);
    }

    /// <summary>Sorts what is there.</summary>
    /// <param name="between">Called now and then; for what takes turns with sorting.</param>
    internal void Sort(Action? between = null)
    {
        if (_isSorted) return;

        // In order of arrival first: input that is sorted already then costs next to nothing.
        new Span<RecordEntry>(Entries, Count).Reverse();
        RecordSort.Sort(Entries, Count, _memory.Address, _order, _shared.CancellationToken, between);
        _isSorted = true;
    }

    /// <summary>
    /// Sorts, and keeps only the first records that are wanted, if they take no more than a quarter of the memory. Needs no other memory.
    /// </summary>
    /// <param name="cutoff">The last of them.</param>
    /// <returns>False when they take more, or there are not so many: nothing was dropped.</returns>
    internal bool TryKeepFirst(out SortCutoff? cutoff)
    {
        cutoff = null;
        if (_shared.Limit > Count || _shared.Limit == 0) return false;
        Sort();
        if (!DoFirstTakeLittle()) return false;
        RecordEntry* entries = Entries;
        int kept = 0;
        int last = -1;
        for (int index = 0; kept < _shared.Limit; index++)
        {
            if (_shared.IsUnique && last >= 0 && AreEqual(last, index)) continue;
            entries[last = kept++] = entries[index];
        }

        cutoff = CutoffAt(last);

        // They move down in the order in which they lie there, which is that of their arrival: none is written over before it has moved,
        // and their places go on telling which of equal ones came first. Their entries go to the top first, for the same reason.
        Span<RecordEntry> first = new(entries, kept);
        Span<RecordEntry> top = new(_top - kept, kept);
        first.CopyTo(top);
        top.Sort(default(ByPlaceBackwards));
        ForgetRecords();
        for (int index = kept - 1; index >= 0; index--)
        {
            RecordEntry entry = top[index];
            Buffer.MemoryCopy(_memory.Address + entry.Offset, Tail, entry.Length, entry.Length);
            Commit(entry.Length, _order.Prefix(Tail, entry.Length));
        }

        return true;
    }

    private bool DoFirstTakeLittle()
    {
        long kept = 0;
        long bytes = 0;
        int last = -1;
        for (int index = 0; index < Count && kept < _shared.Limit; index++)
        {
            if (_shared.IsUnique && last >= 0 && AreEqual(last, index)) continue;
            last = index;
            kept++;
            bytes += Entries[index].Length;
            if (bytes > _memory.LengthBytes / 4) return false;
        }

        return kept == _shared.Limit;
    }

    /// <summary>Forgets the records, and gives back what a record longer than the budget took.</summary>
    internal void Clear()
    {
        ForgetRecords();
        if (_memory.LengthBytes <= _shared.Plan.RunBytes) return;
        _shared.CountMemory(_shared.Plan.RunBytes - _memory.LengthBytes);
        _memory.Replace(_shared.Plan.RunBytes);
        _top = (RecordEntry*)(_memory.Address + _memory.LengthBytes);
    }

    internal bool AreEqual(int left, int right)
    {
        RecordEntry one = Entries[left];
        RecordEntry two = Entries[right];
        return _order.Compare(_memory.Address + one.Offset, one.Length, _memory.Address + two.Offset, two.Length) == 0;
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (_writer is not null)
        {
            _writer.Dispose();
            _shared.CountMemory(-(long)_shared.Plan.WriterBuffers * _shared.Plan.BlockBytes);
        }

        _shared.CountMemory(-_memory.LengthBytes);
        _memory.Dispose();
        Context.Dispose();
    }

    private void ForgetRecords()
    {
        Count = 0;
        UsedBytes = 0;
        _isSorted = false;
    }

    private SortCutoff CutoffAt(int index)
    {
        RecordEntry entry = Entries[index];
        byte* record = _memory.Address + entry.Offset;
        return new SortCutoff(_order.Prefix(record, entry.Length), new ReadOnlySpan<byte>(record, entry.Length).ToArray());
    }

    private readonly struct ByPlaceBackwards : IComparer<RecordEntry>
    {
        public int Compare(RecordEntry x, RecordEntry y) => y.Offset.CompareTo(x.Offset);
    }
}
