using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// One flow of a verification: keeps reads in flight, checks what has come, in the order it was asked for. Everything on one loop.
/// </summary>
/// <remarks>
/// A read that is over as soon as it was started (its data was in the system's cache, and the method copied it at once) is checked
/// before the next is started, and its buffer, still in the processor's cache, is the next to be read into. Only reads that take
/// time are left in flight beside each other.
/// </remarks>
internal sealed class VerifierFlow
{
    private readonly ClusterVerifier _verifier;
    private readonly VerifierRanges _ranges;
    private readonly AioContext _context;
    private readonly bool _ownsThread;
    private readonly int _readBytes;
    private readonly int _depth;
    private readonly Queue<Slot> _inFlight = new();
    private readonly Stack<Slot> _free = new();
    private VerifierRange? _range;

    internal VerifierFlow(ClusterVerifier verifier, VerifierRanges ranges, AioContext context, int flows, bool ownsThread)
    {
        _verifier = verifier;
        _ranges = ranges;
        _context = context;
        _ownsThread = ownsThread;
        (_depth, _readBytes) = VerifierMemory.Share(verifier.Options, flows);
        _depth = Math.Min(_depth, context.HandleCount);
    }

    internal async Task RunAsync()
    {
        using BufferArena arena = _verifier.System.CreateArena(_readBytes, _depth);
        Slot[] slots = new Slot[_depth];
        for (int index = 0; index < _depth; index++)
        {
            slots[index] = new Slot(arena.Rent());
            _free.Push(slots[index]);
        }

        try
        {
            await ReadAllAsync();
        }
        finally
        {
            // Nothing is in flight when the buffers go, whatever happened.
            while (_inFlight.TryDequeue(out Slot? slot))
            {
                await _context.WaitAsync(slot.Reference);
                slot.Range!.Leave();
            }

            _range?.Leave();
            foreach (Slot slot in slots) slot.Buffer.Return();
        }
    }

    private async Task ReadAllAsync()
    {
        while (true)
        {
            while (_free.Count > 0 && !_verifier.IsStopping && await TryAdvanceAsync())
            {
                Slot slot = _free.Pop();
                StartNext(slot);
                _context.Poll();
                if (slot.Place.IsFilled) await FinishAsync(slot);
                else _inFlight.Enqueue(slot);
            }

            if (!_inFlight.TryPeek(out Slot? oldest)) return;
            if (!oldest.Place.IsFilled) await _context.WaitAsync(oldest.Reference);
            _inFlight.Dequeue();
            await FinishAsync(oldest);
        }
    }

    /// <summary>Sees to it that there is a range with something left to read.</summary>
    private async ValueTask<bool> TryAdvanceAsync()
    {
        while (_range is null || _range.OffsetBytes >= _range.EndBytes)
        {
            _range?.Leave();
            _range = null;
            if (!_ranges.TryTake(out ClusterFile file, out long offset, out long end)) return false;
            IoOpenOptions options = new() { Access = IoAccess.Read, Direct = _verifier.Options.Direct };
            string path = _verifier.PathOf(file);
            IoFileSystem fileSystem = _verifier.System.FileSystem;
            try
            {
                IoFile open = _ownsThread
                    ? fileSystem.Open(path, options)
                    : await BlockingWork.RunAsync(_verifier.System, () => fileSystem.Open(path, options));
                _range = new VerifierRange(file, open, GenericFileTarget.For(open), offset, end);
            }
            catch (AioException failure)
            {
                _verifier.Report(new ClusterProblem(file.Path, failure.Message));
                if (offset == 0) _ranges.CountUnopened();
                _verifier.CountBytes(end - offset);
            }
        }

        return true;
    }

    private void StartNext(Slot slot)
    {
        VerifierRange range = _range!;
        slot.Range = range;
        slot.OffsetBytes = range.OffsetBytes;
        slot.LengthBytes = (int)Math.Min(_readBytes, range.EndBytes - range.OffsetBytes);
        range.OffsetBytes += slot.LengthBytes;
        range.Use();
        Start(slot, 0, slot.LengthBytes);
    }

    private void Start(Slot slot, int skippedBytes, int lengthBytes)
    {
        slot.Reference = ContextIo.Start(_context, slot.Place, (slot, skippedBytes, lengthBytes), static (handle, read) =>
            read.slot.Range!.Target.StartRead(
                handle,
                read.slot.Range.Open,
                read.slot.OffsetBytes + read.skippedBytes,
                new IoVector(read.slot.Buffer.Address + read.skippedBytes, (nuint)read.lengthBytes)));
    }

    private async ValueTask FinishAsync(Slot slot)
    {
        AioResult result = slot.Place.Result;
        if (result.Status == AioStatus.Ok && result.Value == slot.LengthBytes) Check(slot, 0, slot.LengthBytes);
        else await FinishSlowlyAsync(slot);
        slot.Range!.Leave();
        slot.Range = null;
        _free.Push(slot);
    }

    /// <summary>What came short is read on to the end; what failed is read again block by block.</summary>
    private async ValueTask FinishSlowlyAsync(Slot slot)
    {
        int done = 0;
        while (true)
        {
            AioResult result = slot.Place.Result;
            if (result.Status == AioStatus.Error) break;
            int whole = (done + result.Value) / StorageLimits.PageBytes * StorageLimits.PageBytes;
            if (result.Value == 0)
            {
                ReportEnd(slot, done);
                return;
            }

            // Less than a block: the end is near, or the device answers in crumbs.
            if (whole == done) break;
            Check(slot, done, whole);
            done = whole;
            if (done == slot.LengthBytes) return;
            Start(slot, done, slot.LengthBytes - done);
            await _context.WaitAsync(slot.Reference);
        }

        for (; done < slot.LengthBytes; done += StorageLimits.PageBytes)
        {
            Start(slot, done, StorageLimits.PageBytes);
            await _context.WaitAsync(slot.Reference);
            AioResult result = slot.Place.Result;
            if (result.Status == AioStatus.Ok && result.Value == StorageLimits.PageBytes)
            {
                Check(slot, done, done + StorageLimits.PageBytes);
                continue;
            }

            if (result.Status != AioStatus.Error && result.Value == 0)
            {
                ReportEnd(slot, done);
                return;
            }

            uint block = BlockOf(slot, done);
            string reason = result.Status == AioStatus.Error
                ? slot.Place.Explain()
                : $"only {result.Value} of {StorageLimits.PageBytes} bytes could be read";
            _verifier.Report(new ClusterProblem(slot.Range!.File.Path, $"block {block} cannot be read: {reason}"));
            _verifier.CountBytes(StorageLimits.PageBytes);
        }
    }

    private void ReportEnd(Slot slot, int doneBytes)
    {
        ClusterFile file = slot.Range!.File;
        _verifier.Report(new ClusterProblem(
            file.Path,
            $"it ends before byte {slot.OffsetBytes + doneBytes + 1}, though it had {file.LengthBytes} bytes when it was listed: "
                + "somebody changes the data directory"));
        _verifier.CountBytes(slot.LengthBytes - doneBytes);
    }

    private uint BlockOf(Slot slot, int skippedBytes) =>
        unchecked((slot.Range!.File.Name.Segment * _verifier.SegmentBlocks)
            + (uint)((slot.OffsetBytes + skippedBytes) / StorageLimits.PageBytes));

    private void Check(Slot slot, int fromBytes, int toBytes)
    {
        ReadOnlySpan<byte> pages = slot.Buffer.Span[fromBytes..toBytes];
        uint block = BlockOf(slot, fromBytes);
        _verifier.CountBlocks(pages.Length / StorageLimits.PageBytes);
        while (pages.Length >= 2 * StorageLimits.PageBytes)
        {
            ReadOnlySpan<byte> first = pages[..StorageLimits.PageBytes];
            ReadOnlySpan<byte> second = pages[StorageLimits.PageBytes..(2 * StorageLimits.PageBytes)];
            if (PageHeader.IsNewPage(first) || PageHeader.IsNewPage(second))
            {
                CheckOne(slot, first, block);
                CheckOne(slot, second, block + 1);
            }
            else
            {
                (ushort expectedFirst, ushort expectedSecond) = PageChecksum.ComputePair(pages[..(2 * StorageLimits.PageBytes)], block);
                if (expectedFirst != PageHeader.ChecksumOf(first) || !PageHeader.IsSane(first)) CheckOne(slot, first, block);
                if (expectedSecond != PageHeader.ChecksumOf(second) || !PageHeader.IsSane(second)) CheckOne(slot, second, block + 1);
            }

            pages = pages[(2 * StorageLimits.PageBytes)..];
            block += 2;
        }

        if (!pages.IsEmpty) CheckOne(slot, pages, block);
    }

    private void CheckOne(Slot slot, ReadOnlySpan<byte> page, uint block)
    {
        PageVerdict verdict = PageVerifier.Verify(page, block, checksums: true);
        if (PageVerifier.IsAccepted(verdict)) return;
        _verifier.Report(new BadBlock(
            slot.Range!.File.Path, block, PageChecksum.Compute(page, block), PageHeader.ChecksumOf(page), verdict));
    }

    private sealed class Slot(AioBuffer buffer)
    {
        internal AioBuffer Buffer { get; } = buffer;

        internal AioReturn Place { get; } = new();

        internal WaitReference Reference { get; set; }

        internal VerifierRange? Range { get; set; }

        internal long OffsetBytes { get; set; }

        internal int LengthBytes { get; set; }
    }
}
