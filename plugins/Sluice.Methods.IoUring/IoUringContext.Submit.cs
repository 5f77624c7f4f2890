using System.Runtime.CompilerServices;
using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

internal sealed unsafe partial class IoUringContext
{
    // Enters that hand over everything published and are under way or about to be. Raised under the lock, lowered without.
    private int _entersUnderWay;

    // Whether an enter with an exact count is open (invariant 2), up to which tail it counted, and whether another enter may have
    // taken its entries. All under the lock.
    private bool _exactIsOpen;
    private bool _exactIsStolen;
    private uint _exactTail;

    // Whether entries were published whose hand-over was left to the next Wait. Set by a submitter who is about to wait; read by
    // the same thread, and by other leading threads as a hint.
    private volatile bool _owesEnter;
    private int _wakeIsOnItsWay;
    private long _submitRetries;
    private long _refusedByKernel;

    /// <inheritdoc/>
    public override int Submit(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        int start = 0;
        while (true)
        {
            int length = PieceLength(batch[start..]);
            bool isLast = start + length == batch.Length;
            try
            {
                SubmitPiece(batch.Slice(start, length), waitFollows && isLast);
            }
            catch when (start > 0)
            {
                // What was taken stays taken; the runtime executes the rest.
                return start;
            }

            if (isLast) return batch.Length;
            start += length;
        }
    }

    /// <summary>
    /// How many requests go to the kernel together. It holds back what one enter brings until all of it is prepared, which is good for
    /// requests that follow each other in a file, because it merges them, and bad for others, because the device waits meanwhile.
    /// </summary>
    private int PieceLength(ReadOnlySpan<IoRequest> batch)
    {
        int piece = _options.SubmitPiece;
        if (piece == 0 || batch.Length <= piece) return batch.Length;
        for (int index = 1; index < batch.Length; index++)
        {
            if (index >= piece && !batch[index].Has(IoRequestFlags.Buffered) && !Follows(batch[index - 1], batch[index])) return index;
        }

        return batch.Length;
    }

    private static bool Follows(IoRequest earlier, IoRequest later) =>
        later.OffsetBytes == earlier.OffsetBytes + earlier.LengthBytes
            && ReferenceEquals(later.File, earlier.File)
            && later.Operation == earlier.Operation;

    private void SubmitPiece(ReadOnlySpan<IoRequest> batch, bool waitFollows)
    {
        uint tail;
        lock (_submitLock)
        {
            bool mayLink = MayLink();
            tail = _ring.Tail;
            try
            {
                foreach (IoRequest request in batch) Fill(request, mayLink);
            }
            catch
            {
                // Nothing was published: none of the batch was taken.
                _ring.Forget(tail);
                throw;
            }

            _ring.PublishTail();
            tail = _ring.Tail;
            _submitCounters.Submitted += batch.Length;
            if (waitFollows)
            {
                _owesEnter = true;
                return;
            }

            BeginEnterAll();
        }

        FinishEnterAll(tail);
    }

    /// <inheritdoc/>
    public override void Wake()
    {
        // One wake on its way is enough for any number of callers: whoever takes it off returns from Wait after their call.
        if (Interlocked.Exchange(ref _wakeIsOnItsWay, 1) != 0) return;
        lock (_submitLock)
        {
            if (_isDisposed) return;
            SubmissionEntry* entry = _ring.NextEntry();
            entry->Opcode = Uapi.IORING_OP_NOP;
            entry->Descriptor = -1;
            entry->UserData = UserData.Make(UserData.Wake, 0, 0);
            _ring.PublishTail();
            _submitCounters.Wakes++;
            BeginEnterAll();
            _ = TryEnterAll(_ring.Tail);
            Interlocked.Decrement(ref _entersUnderWay);
        }
    }

    /// <summary>Whether a pair published now cannot be split (invariant 2). Submission lock.</summary>
    private bool MayLink()
    {
        if (!_exactIsOpen) return true;
        if (_exactIsStolen || !_ring.HasConsumed(_exactTail)) return false;

        // Nobody else entered since it was opened, so it was that enter which took its entries: it asks for no more.
        _exactIsOpen = false;
        return true;
    }

    /// <summary>Announces an enter for everything published. Submission lock.</summary>
    private void BeginEnterAll()
    {
        if (_exactIsOpen && !MayLink()) _exactIsStolen = true;
        Interlocked.Increment(ref _entersUnderWay);
        _submitCounters.Enters++;
    }

    /// <summary>
    /// Makes the kernel take everything below a tail. It is asked for as many entries as there can be, so that it takes all that
    /// are published at that moment and splits no pair. Retries what the kernel cannot do for the moment: no I/O is lost.
    /// </summary>
    /// <returns>False when the kernel takes nothing any more.</returns>
    private bool TryEnterAll(uint tail)
    {
        SpinWait pause = default;
        uint flags = 0;
        while (!_ring.HasConsumed(tail))
        {
            int result = _ring.Enter(_ring.SubmissionEntries, minComplete: 0, flags, null);
            if (result > 0 || result == -Errno.EINTR)
            {
                if (!_ring.HasConsumed(tail)) MarkSplitPair();
                continue;
            }

            if (result is not (0 or -Errno.EAGAIN or -Errno.EBUSY)) return false;

            // No memory for a request, or completions kept aside: for the latter the kernel wants to be asked for events.
            Interlocked.Increment(ref _submitRetries);
            flags = Uapi.IORING_ENTER_GETEVENTS;
            pause.SpinOnce(sleep1Threshold: 20);
        }

        return true;
    }

    /// <summary>Does the announced enter. What the kernel will never take (the call was forbidden, say) is executed here.</summary>
    private void FinishEnterAll(uint tail)
    {
        List<IoRequest>? refused = null;
        while (!TryEnterAll(tail) && refused is null)
        {
            lock (_submitLock)
            {
                // Entries can only be taken back while nobody else may hand them over.
                if (Volatile.Read(ref _entersUnderWay) == 1 && !_exactIsOpen) refused = TakeBack();
            }

            if (refused is null) Thread.Yield();
        }

        Interlocked.Decrement(ref _entersUnderWay);
        if (refused is null) return;
        foreach (IoRequest request in refused)
        {
            // Not the reaper's array: a leading thread may be at work.
            ulong token = request.Token;
            _slots[request.Slot].Request = null;
            _sink.Complete([new IoCompletion(token, request.File.Execute(request))]);
        }
    }

    /// <summary>Takes back every entry that the kernel has not taken. Submission lock; no enter that submits is under way.</summary>
    private List<IoRequest> TakeBack()
    {
        List<IoRequest> requests = [];
        for (uint left = _ring.UnsubmittedCount; left > 0; left--)
        {
            ulong userData = _ring.UnsubmittedUserData(_ring.UnsubmittedCount - left);
            int kind = UserData.KindOf(userData);
            if (kind is UserData.Whole or UserData.LinkedWrite) requests.Add(_slots[UserData.SlotOf(userData)].Request!);
        }

        _ring.TakeBackUnsubmitted();
        _refusedByKernel += requests.Count;
        return requests;
    }

    /// <summary>
    /// The kernel stopped before the published tail (it had no memory for a request). If that was inside a pair, the flush will
    /// be handed over by itself and may run before the write: it does not count then, and the reaper flushes.
    /// </summary>
    private void MarkSplitPair()
    {
        lock (_submitLock)
        {
            if (_ring.UnsubmittedCount == 0) return;
            ulong userData = _ring.UnsubmittedUserData(0);
            if (UserData.KindOf(userData) != UserData.LinkedFlush) return;
            _slots[UserData.SlotOf(userData)].Flush = FlushMode.ByReaper;
            _submitCounters.UnlinkedFlushes++;
        }
    }

    /// <summary>Hands over what a submission left to the next wait, without waiting.</summary>
    private void SubmitOwed()
    {
        uint tail;
        lock (_submitLock)
        {
            _owesEnter = false;
            tail = _ring.Tail;
            BeginEnterAll();
        }

        FinishEnterAll(tail);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fill(IoRequest request, bool mayLink)
    {
        OsFile file = request.File as OsFile
            ?? throw new InvalidOperationException("A request for a file of another kind reached io_uring.");
        ref SlotState slot = ref _slots[request.Slot];
        slot.Request = request;
        slot.Token = request.Token;
        slot.Generation++;
        slot.Flush = FlushMode.None;

        SubmissionEntry* entry = _ring.NextEntry();
        entry->Descriptor = file.Descriptor;
        entry->UserData = UserData.Make(UserData.Whole, slot.Generation, request.Slot);
        if (Files.Use(file)) entry->Flags = Uapi.IOSQE_FIXED_FILE;
        switch (request.Operation)
        {
            case IoOperation.Read:
                FillTransfer(
                    entry, request, Uapi.IORING_OP_READ, Uapi.IORING_OP_READ_FIXED, Uapi.IORING_OP_READV, Uapi.IORING_OP_READV_FIXED);
                if (request.Has(IoRequestFlags.Buffered) && ShallPunt(request))
                {
                    entry->Flags |= Uapi.IOSQE_ASYNC;
                    _submitCounters.Punts++;
                }

                break;
            case IoOperation.Write:
                FillTransfer(
                    entry, request, Uapi.IORING_OP_WRITE, Uapi.IORING_OP_WRITE_FIXED, Uapi.IORING_OP_WRITEV, Uapi.IORING_OP_WRITEV_FIXED);
                if (request.Has(IoRequestFlags.WriteThrough)) entry->OperationFlags = Uapi.RWF_DSYNC;
                if (request.Has(IoRequestFlags.FlushAfter)) FillFlushAfter(entry, ref slot, request.Slot, mayLink);
                break;
            case IoOperation.Fsync:
                entry->Opcode = Uapi.IORING_OP_FSYNC;
                break;
            case IoOperation.Fdatasync:
                entry->Opcode = Uapi.IORING_OP_FSYNC;
                entry->OperationFlags = Uapi.IORING_FSYNC_DATASYNC;
                break;
            case IoOperation.FlushRange:
                entry->Opcode = Uapi.IORING_OP_SYNC_FILE_RANGE;
                entry->Offset = (ulong)request.OffsetBytes;

                // A length of 0 means up to the end: more than asked for, which a hint may do.
                entry->Length = request.LengthBytes <= uint.MaxValue ? (uint)request.LengthBytes : 0;
                entry->OperationFlags = Uapi.SYNC_FILE_RANGE_WRITE;
                break;
            case IoOperation.Allocate:
                entry->Opcode = Uapi.IORING_OP_FALLOCATE;
                entry->Offset = (ulong)request.OffsetBytes;
                entry->Address = (ulong)request.LengthBytes;
                break;
            default:
                throw new InvalidOperationException($"Operation {request.Operation} reached io_uring.");
        }
    }

    private void FillTransfer(SubmissionEntry* entry, IoRequest request, byte plain, byte @fixed, byte vectored, byte vectoredFixed)
    {
        entry->Offset = (ulong)request.OffsetBytes;
        IoVector* vectors = request.Vectors;
        if (request.VectorCount == 1)
        {
            entry->Address = (ulong)vectors->Address;
            entry->Length = (uint)nuint.Min(vectors->LengthBytes, Uapi.MaxTransferBytes);
            int region = Buffers.Find(vectors->Address, vectors->LengthBytes);
            entry->Opcode = region < 0 ? plain : @fixed;
            if (region < 0) return;
            entry->BufferIndex = (ushort)region;
            _submitCounters.FixedTransfers++;
            return;
        }

        entry->Address = (ulong)vectors;
        entry->Length = (uint)request.VectorCount;
        entry->Opcode = vectored;
        int shared = _traits.HasVectoredFixed ? Buffers.FindAll(request.VectorSpan) : -1;
        if (shared < 0) return;
        entry->Opcode = vectoredFixed;
        entry->BufferIndex = (ushort)shared;
        _submitCounters.FixedTransfers++;
    }

    private void FillFlushAfter(SubmissionEntry* write, ref SlotState slot, int slotIndex, bool mayLink)
    {
        if (!mayLink)
        {
            slot.Flush = FlushMode.ByReaper;
            _submitCounters.UnlinkedFlushes++;
            return;
        }

        slot.Flush = FlushMode.Linked;
        slot.HasWriteResult = false;
        slot.HasFlushResult = false;
        write->UserData = UserData.Make(UserData.LinkedWrite, slot.Generation, slotIndex);
        byte file = (byte)(write->Flags & Uapi.IOSQE_FIXED_FILE);
        write->Flags |= Uapi.IOSQE_IO_LINK;

        SubmissionEntry* flush = _ring.NextEntry();
        flush->Opcode = Uapi.IORING_OP_FSYNC;
        flush->Flags = file;
        flush->Descriptor = write->Descriptor;
        flush->OperationFlags = Uapi.IORING_FSYNC_DATASYNC;
        flush->UserData = UserData.Make(UserData.LinkedFlush, slot.Generation, slotIndex);
    }

    private bool ShallPunt(IoRequest request)
    {
        int bytes = _options.PuntBufferedReadsBytes;
        if (bytes != 0 && request.LengthBytes >= bytes) return true;
        int inFlight = _options.PuntBufferedReadsInFlight;
        return inFlight != 0 && _submitCounters.Submitted - Volatile.Read(ref _reapCounters.Reaped) >= inFlight;
    }
}
