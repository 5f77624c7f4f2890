namespace Sluice.Methods.Simulated;

/// <summary>
/// A file without its name: its pages and length, each as written and as durable. Under the gate of the disk's time.
/// </summary>
/// <remarks>
/// A flush covers what was written before it was submitted: each write raises the sequence, each page remembers the sequence of its first
/// write since it was durable, and a flush takes the pages whose first write is not after its own sequence.
/// </remarks>
internal sealed unsafe partial class Inode(SimulatedDisk disk)
{
    private const int ChunkShift = 8;
    private const int ChunkPages = 1 << ChunkShift;
    private readonly Dictionary<long, Page[]> _chunks = [];
    private readonly List<long> _changed = [];
    private Page[]? _recentChunk;
    private long _recentChunkIndex = -1;
    private long _durableLengthBytes;
    private long _lengthFirstDirty;
    private bool _isLengthDirty;

    /// <summary>Raised by every change.</summary>
    internal long Sequence { get; private set; }

    internal long LengthBytes { get; private set; }

    /// <summary>Sectors that cannot be read.</summary>
    internal SortedSet<long> BadSectors { get; } = [];

    /// <summary>How many open files hold the exclusive lock: 0 or 1.</summary>
    internal int ExclusiveHolders { get; set; }

    internal int OpenCount { get; set; }

    /// <summary>How many names lead to it, as written.</summary>
    internal int NameCount { get; set; }

    /// <summary>How much space it takes.</summary>
    internal long UsedPages { get; private set; }

    /// <summary>Reads; what is beyond pages is zero. The caller has bounded the length by the file's.</summary>
    internal void Read(long offsetBytes, byte* target, long lengthBytes)
    {
        while (lengthBytes > 0)
        {
            long index = offsetBytes >> Page.Shift;
            int start = (int)offsetBytes & (Page.Bytes - 1);
            int count = (int)Math.Min(lengthBytes, Page.Bytes - start);
            byte[]? content = FindPage(index, out Page[]? chunk) ? chunk![index & (ChunkPages - 1)].Written : null;
            if (content is null) new Span<byte>(target, count).Clear();
            else content.AsSpan(start, count).CopyTo(new Span<byte>(target, count));
            target += count;
            offsetBytes += count;
            lengthBytes -= count;
        }
    }

    /// <summary>Writes. Stops where there is no room.</summary>
    /// <param name="offsetBytes">Where in the file.</param>
    /// <param name="source">What.</param>
    /// <param name="lengthBytes">How much.</param>
    /// <param name="isDurable">Whether the sectors are durable at once.</param>
    /// <returns>How much was written.</returns>
    internal long Write(long offsetBytes, byte* source, long lengthBytes, bool isDurable)
    {
        long sequence = ++Sequence;
        long done = 0;
        while (done < lengthBytes)
        {
            long index = (offsetBytes + done) >> Page.Shift;
            int start = (int)(offsetBytes + done) & (Page.Bytes - 1);
            int count = (int)Math.Min(lengthBytes - done, Page.Bytes - start);
            ref Page page = ref PageAt(index);
            if (!TryMakeWritable(ref page, isWhole: count == Page.Bytes)) break;
            new ReadOnlySpan<byte>(source + done, count).CopyTo(page.Written.AsSpan(start, count));
            if (isDurable) WriteDurably(ref page, start, count);
            else MarkDirty(ref page, index, sequence);
            done += count;
        }

        if (offsetBytes + done > LengthBytes && done > 0) ChangeLength(offsetBytes + done, sequence, isDurable);
        if (BadSectors.Count != 0) HealSectors(offsetBytes, done);
        return done;
    }

    /// <summary>Reserves space; the length becomes at least the end.</summary>
    /// <returns>False when there is no room; nothing was changed.</returns>
    internal bool TryAllocate(long offsetBytes, long lengthBytes)
    {
        long first = offsetBytes / Page.Bytes;
        long last = (offsetBytes + lengthBytes - 1) / Page.Bytes;
        if (last - first + 1 > disk.FreePages && !HasSpaceFor(first, last)) return false;
        for (long index = first; index <= last; index++)
        {
            ref Page page = ref PageAt(index);
            if (page.Written is not null || page.IsReserved) continue;
            page.IsReserved = true;
            AddUsed(1);
        }

        long end = offsetBytes + lengthBytes;
        if (end > LengthBytes) ChangeLength(end, ++Sequence, isDurable: false);
        return true;
    }

    /// <summary>Cuts off or extends with zeros.</summary>
    internal void SetLength(long lengthBytes)
    {
        if (lengthBytes == LengthBytes) return;
        long sequence = ++Sequence;
        if (lengthBytes < LengthBytes) CutPages(lengthBytes, sequence);
        ChangeLength(lengthBytes, sequence, isDurable: false);
    }

    /// <summary>Makes durable what was written up to a sequence.</summary>
    internal void Flush(long sequence)
    {
        int kept = 0;
        for (int position = 0; position < _changed.Count; position++)
        {
            long index = _changed[position];
            ref Page page = ref PageAt(index);
            if (page.IsDirty && page.FirstDirty <= sequence) Settle(ref page);
            if (ReferenceEquals(page.Written, page.Durable)) page.IsListed = false;
            else _changed[kept++] = index;
        }

        _changed.RemoveRange(kept, _changed.Count - kept);
        if (!_isLengthDirty || _lengthFirstDirty > sequence) return;
        _durableLengthBytes = LengthBytes;
        _isLengthDirty = false;
    }

    /// <summary>
    /// A flush that fails: the pages it covers are clean from now on, whether they reached the disk or not, and the next flush has
    /// nothing to say about them.
    /// </summary>
    internal void FailFlush(long sequence, SimulatedRandom random)
    {
        bool forgets = random.Chance(0.5);
        bool savesSome = random.Chance(0.5);
        foreach (long index in _changed)
        {
            ref Page page = ref PageAt(index);
            if (!page.IsDirty || page.FirstDirty > sequence) continue;
            if (savesSome && random.Chance(0.5))
            {
                Settle(ref page);
                continue;
            }

            page.IsDirty = false;
            if (forgets) TakeOld(ref page);
        }

        _changed.RemoveAll(index =>
        {
            ref Page page = ref PageAt(index);
            page.IsListed = !ReferenceEquals(page.Written, page.Durable);
            return !page.IsListed;
        });
    }

    /// <summary>Flips one bit for good.</summary>
    internal void FlipBit(long offsetBytes, int bit)
    {
        long index = offsetBytes / Page.Bytes;
        if (!FindPage(index, out Page[]? chunk)) return;
        ref Page page = ref chunk![index % ChunkPages];
        int position = (int)(offsetBytes % Page.Bytes);
        if (page.Written is not null) page.Written[position] ^= (byte)(1 << bit);
        if (page.Durable is not null && !ReferenceEquals(page.Durable, page.Written)) page.Durable[position] ^= (byte)(1 << bit);
    }

    private bool FindPage(long index, out Page[]? chunk)
    {
        long chunkIndex = index >> ChunkShift;
        if (chunkIndex == _recentChunkIndex)
        {
            chunk = _recentChunk;
            return true;
        }

        if (!_chunks.TryGetValue(chunkIndex, out chunk)) return false;
        _recentChunk = chunk;
        _recentChunkIndex = chunkIndex;
        return true;
    }

    private ref Page PageAt(long index)
    {
        if (!FindPage(index, out Page[]? chunk))
        {
            chunk = new Page[ChunkPages];
            _chunks[index >> ChunkShift] = chunk;
        }

        return ref chunk![index & (ChunkPages - 1)];
    }

    private bool TryMakeWritable(ref Page page, bool isWhole)
    {
        byte[]? old = page.Written;
        if (old is not null && !ReferenceEquals(old, page.Durable)) return true;
        if (old is null && !page.IsReserved)
        {
            if (disk.FreePages == 0) return false;
            AddUsed(1);
        }

        page.IsReserved = false;
        byte[] copy = disk.Pages.Rent();
        if (!isWhole)
        {
            if (old is null) copy.AsSpan().Clear();
            else old.CopyTo(copy.AsSpan());
        }

        page.Written = copy;
        return true;
    }

    private void MarkDirty(ref Page page, long index, long sequence)
    {
        if (!page.IsDirty)
        {
            page.IsDirty = true;
            page.FirstDirty = sequence;
        }

        if (page.IsListed) return;
        page.IsListed = true;
        _changed.Add(index);
    }

    // Only the sectors that the write touched: what else is dirty in the page stays in doubt.
    private void WriteDurably(ref Page page, int start, int count)
    {
        if (!page.IsListed)
        {
            Settle(ref page);
            return;
        }

        int first = start / disk.SectorBytes * disk.SectorBytes;
        int end = Math.Min(Page.Bytes, (start + count + disk.SectorBytes - 1) / disk.SectorBytes * disk.SectorBytes);
        if (page.Durable is null)
        {
            page.Durable = disk.Pages.Rent();
            page.Durable.AsSpan().Clear();
        }

        page.Written.AsSpan(first..end).CopyTo(page.Durable.AsSpan(first));
    }

    private void Settle(ref Page page)
    {
        if (!ReferenceEquals(page.Durable, page.Written)) disk.Pages.Return(page.Durable);
        page.Durable = page.Written;
        page.IsDirty = false;
    }

    // Back to what is durable.
    private void TakeOld(ref Page page)
    {
        bool hadWritten = page.Written is not null || page.IsReserved;
        ReleaseWritten(ref page);
        page.Written = page.Durable;
        bool hasWritten = page.Written is not null || page.IsReserved;
        AddUsed((hasWritten ? 1 : 0) - (hadWritten ? 1 : 0));
    }

    private void ReleaseWritten(ref Page page)
    {
        if (!ReferenceEquals(page.Durable, page.Written)) disk.Pages.Return(page.Written);
    }

    private void AddUsed(int pages)
    {
        UsedPages += pages;
        disk.FreePages -= pages;
    }

    private void ChangeLength(long lengthBytes, long sequence, bool isDurable)
    {
        LengthBytes = lengthBytes;
        if (isDurable)
        {
            // A length that shrank in doubt before is settled by this one.
            _durableLengthBytes = lengthBytes;
            _isLengthDirty = false;
            return;
        }

        if (_isLengthDirty) return;
        _isLengthDirty = true;
        _lengthFirstDirty = sequence;
    }

    private void CutPages(long lengthBytes, long sequence)
    {
        long firstGone = (lengthBytes + Page.Bytes - 1) / Page.Bytes;
        int tail = (int)(lengthBytes % Page.Bytes);
        if (tail != 0 && FindPage(lengthBytes / Page.Bytes, out Page[]? last)
            && last![lengthBytes / Page.Bytes % ChunkPages].Written is not null)
        {
            ref Page page = ref last[lengthBytes / Page.Bytes % ChunkPages];
            if (TryMakeWritable(ref page, isWhole: false))
            {
                page.Written.AsSpan(tail).Clear();
                MarkDirty(ref page, lengthBytes / Page.Bytes, sequence);
            }
        }

        foreach ((long chunkIndex, Page[] chunk) in _chunks)
        {
            for (int slot = 0; slot < ChunkPages; slot++)
            {
                long index = (chunkIndex * ChunkPages) + slot;
                ref Page page = ref chunk[slot];
                if (index < firstGone || (page.Written is null && !page.IsReserved)) continue;
                AddUsed(-1);
                page.IsReserved = false;
                if (page.Written is null) continue;
                ReleaseWritten(ref page);
                page.Written = null;
                if (page.Durable is not null) MarkDirty(ref page, index, sequence);
                else page.IsDirty = false;
            }
        }
    }

    private bool HasSpaceFor(long first, long last)
    {
        long needed = 0;
        for (long index = first; index <= last && needed <= disk.FreePages; index++)
        {
            bool has = FindPage(index, out Page[]? chunk)
                && (chunk![index % ChunkPages].Written is not null || chunk[index % ChunkPages].IsReserved);
            if (!has) needed++;
        }

        return needed <= disk.FreePages;
    }

    private void HealSectors(long offsetBytes, long lengthBytes)
    {
        // Only a sector that is overwritten whole is sound again: the drive puts it elsewhere.
        long first = (offsetBytes + disk.SectorBytes - 1) / disk.SectorBytes;
        long end = (offsetBytes + lengthBytes) / disk.SectorBytes;
        for (long sector = first; sector < end; sector++) BadSectors.Remove(sector);
    }
}
