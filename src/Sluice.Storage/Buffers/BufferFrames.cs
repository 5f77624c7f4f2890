using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>
/// The memory of a pool, or of a session's temporary pages: pages, descriptors, and what may be done to a descriptor's state word.
/// </summary>
/// <remarks>
/// <para>Invariants of the state word, and who keeps them:</para>
/// <list type="number">
/// <item>A tag is written only while <see cref="BufferState.TagValid"/> is clear, by the holder of a pin that claimed the buffer for that
/// (<see cref="BufferMapping"/>); setting the flag (a full fence) publishes it. The flag is cleared only by a compare-exchange that sees
/// at most the claimer's own pin and no header lock. So whoever pinned the buffer and saw the flag set may read the tag until it
/// unpins.</item>
/// <item>Pins may be added and removed while the header is locked; flags that the header lock protects (tag flag, wait reference) may not
/// change.</item>
/// <item><see cref="BufferState.IoInProgress"/> is set by one flow at a time and cleared by <see cref="EndIo"/>; between staging and
/// completion the buffer has a pin of the I/O itself, so it cannot be given to another page.</item>
/// <item>Content is changed only under an exclusive lock (hints: share-exclusive), or by the I/O in progress of a page that is not
/// valid.</item>
/// </list>
/// <para>Ordering: every change is an interlocked operation, hence a full fence on each side; plain reads of the word are acquiring.</para>
/// </remarks>
internal sealed unsafe class BufferFrames : IDisposable
{
    private readonly BufferArena _arena;
    private readonly AioBuffer[] _chunks;
    private readonly WaitReference[] _references;
    private readonly int _id;

    internal BufferFrames(BufferPool pool, AioSystem system, int count, bool isLocal, bool register)
    {
        Pool = pool;
        Count = count;
        IsLocal = isLocal;

        // One range in as few pieces as the arena's sizes allow: its buffers lie one after another.
        const int ChunkPagesMax = 1 << 16;
        int chunkPages = Math.Min(count, ChunkPagesMax);
        int chunkCount = (count + chunkPages - 1) / chunkPages;
        _arena = system.CreateArena(chunkPages * StorageLimits.PageBytes, chunkCount, register);
        _chunks = new AioBuffer[chunkCount];
        for (int index = 0; index < chunkCount; index++) _chunks[index] = _arena.Rent();
        Array.Sort(_chunks, static (left, right) => left.Address.CompareTo(right.Address));
        Pages = (byte*)_chunks[0].Address;
        for (int index = 0; index < chunkCount; index++)
        {
            StorageInvariant.Check(
                _chunks[index].Address == (nint)(Pages + ((long)index * chunkPages * StorageLimits.PageBytes)),
                "The buffers of an arena lie one after another.");
        }

        Descriptors = (BufferDescriptor*)NativeMemory.AlignedAlloc((nuint)count * BufferDescriptor.SizeBytes, BufferDescriptor.SizeBytes);
        NativeMemory.Clear(Descriptors, (nuint)count * BufferDescriptor.SizeBytes);
        _references = new WaitReference[count];
        Waits = new WaitTable(this);
        _id = FramesRegistry.Add(this);
    }

    internal BufferPool Pool { get; }

    internal int Count { get; }

    /// <summary>Whether these are the temporary pages of one session: one flow uses them.</summary>
    internal bool IsLocal { get; }

    internal byte* Pages { get; }

    internal BufferDescriptor* Descriptors { get; private set; }

    internal WaitTable Waits { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref ulong StateOf(int index) => ref Descriptors[index].State;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong ReadState(int index) => Volatile.Read(ref Descriptors[index].State);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal byte* PageAddress(int index) => Pages + ((long)index * StorageLimits.PageBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Span<byte> PageOf(int index) => new(PageAddress(index), StorageLimits.PageBytes);

    /// <summary>The buffer as a data word of an I/O.</summary>
    internal ulong WordOf(int index) => ((ulong)(uint)_id << 32) | (uint)index;

    /// <summary>The buffer that a data word names.</summary>
    internal static BufferFrames FromWord(ulong word, out int index)
    {
        index = (int)(uint)word;
        return FramesRegistry.Find((int)(word >> 32));
    }

    internal PageTag TagOf(int index) => TagKey.TagOf(&Descriptors[index]);

    /// <summary>Adds a pin. The buffer may have been given to another page meanwhile: compare the tag after.</summary>
    /// <param name="index">The buffer.</param>
    /// <param name="usageMax">Up to where its usage is raised: the most, or one for access through a ring.</param>
    /// <returns>The state with the pin.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Pin(int index, int usageMax = BufferState.UsageMax)
    {
        ref ulong word = ref Descriptors[index].State;
        ulong limit = (ulong)usageMax << BufferState.UsageShift;
        ulong state = Volatile.Read(ref word);
        while (true)
        {
            if ((state & BufferState.PinMask) == BufferState.PinMask) RefusePin();
            ulong next = state + BufferState.PinOne;
            if ((state & BufferState.UsageMask) < limit) next += BufferState.UsageOne;
            ulong seen = Interlocked.CompareExchange(ref word, next, state);
            if (seen == state) return next;
            state = seen;
        }
    }

    /// <summary>Claims a buffer that nobody pins.</summary>
    internal bool TryPinUnpinned(int index, ulong state) =>
        (state & BufferState.PinMask) == 0
        && Interlocked.CompareExchange(ref Descriptors[index].State, state + BufferState.PinOne, state) == state;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Unpin(int index)
    {
        ulong next = Interlocked.Decrement(ref Descriptors[index].State);
        if ((next & BufferState.PinMask) == BufferState.PinMask) RefuseUnpin(index);
        if ((next & BufferState.UnpinWaiters) != 0 && (next & BufferState.PinMask) == 0) WakeUnpinWaiters(index);
    }

    /// <summary>
    /// Takes the header lock: the tag flag and the wait reference stay as they are until it is given back. Held for a few instructions.
    /// </summary>
    /// <returns>The state with the lock.</returns>
    internal ulong LockHeader(int index)
    {
        ref ulong word = ref Descriptors[index].State;
        SpinWait spin = default;
        while (true)
        {
            ulong state = Volatile.Read(ref word);
            if ((state & BufferState.HeaderLocked) == 0)
            {
                ulong next = state | BufferState.HeaderLocked;
                if (Interlocked.CompareExchange(ref word, next, state) == state) return next;
            }
            else
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    internal void UnlockHeader(int index) => Interlocked.And(ref Descriptors[index].State, ~BufferState.HeaderLocked);

    /// <summary>Sets and clears flags atomically, not while the header is locked by another.</summary>
    /// <returns>The state before.</returns>
    internal ulong ChangeFlags(int index, ulong set, ulong clear)
    {
        ref ulong word = ref Descriptors[index].State;
        while (true)
        {
            ulong state = AwaitHeader(index);
            if (Interlocked.CompareExchange(ref word, (state & ~clear) | set, state) == state) return state;
        }
    }

    /// <summary>The state, when the header is not locked.</summary>
    internal ulong AwaitHeader(int index)
    {
        ref ulong word = ref Descriptors[index].State;
        ulong state = Volatile.Read(ref word);
        if ((state & BufferState.HeaderLocked) == 0) return state;
        SpinWait spin = default;
        while (((state = Volatile.Read(ref word)) & BufferState.HeaderLocked) != 0) spin.SpinOnce(sleep1Threshold: -1);
        return state;
    }

    /// <summary>Marks the page as one to be written. The caller pins it and holds an exclusive or share-exclusive lock.</summary>
    internal void MarkDirty(int index)
    {
        ref ulong word = ref Descriptors[index].State;
        ulong state = Volatile.Read(ref word);
        while (true)
        {
            StorageInvariant.Check((state & BufferState.PinMask) != 0, "A page can be marked dirty only while it is pinned.");
            bool isLocked = IsLocal || (state & (BufferState.Exclusive | BufferState.ShareExclusive)) != 0;
            StorageInvariant.Check(isLocked, "A page can be marked dirty only under an exclusive or share-exclusive lock.");
            StorageInvariant.Check((state & BufferState.Valid) != 0, "A page that was not read cannot be marked dirty.");
            const ulong Marks = BufferState.Dirty | BufferState.JustDirtied;
            if ((state & Marks) == Marks) return;
            ulong seen = Interlocked.CompareExchange(ref word, state | Marks, state);
            if (seen == state) return;
            state = seen;
        }
    }

    /// <summary>Takes a content lock if it is free and nobody waits for one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryLock(int index, ContentLockMode mode)
    {
        ref ulong word = ref Descriptors[index].State;
        ulong conflicts = BufferState.Conflicts(mode) | BufferState.LockWaiters;
        ulong state = Volatile.Read(ref word);
        while (true)
        {
            if ((state & conflicts) != 0) return false;
            ulong seen = Interlocked.CompareExchange(ref word, state + BufferState.LockBits(mode), state);
            if (seen == state) return true;
            state = seen;
        }
    }

    /// <summary>Gives a content lock back, and hands it to who waits.</summary>
    internal void Unlock(int index, ContentLockMode mode)
    {
        ref ulong word = ref Descriptors[index].State;
        ulong bits = BufferState.LockBits(mode);
        ulong held = mode == ContentLockMode.Share ? BufferState.ShareMask : bits;
        ulong state = Volatile.Read(ref word);
        while (true)
        {
            StorageInvariant.Check((state & held) != 0, "A content lock was given back that nobody holds.");
            ulong seen = Interlocked.CompareExchange(ref word, state - bits, state);
            if (seen == state) break;
            state = seen;
        }

        if ((state & BufferState.LockWaiters) != 0) Waits.GrantLocks(index);
    }

    /// <summary>
    /// Begins an I/O on a pinned buffer, if it is needed and nobody else is at it. Pairs with <see cref="EndIo"/>.
    /// </summary>
    /// <param name="index">The buffer.</param>
    /// <param name="isRead">Whether the page is to be read rather than written.</param>
    /// <param name="reference">What to wait for when another is at it; invalid when that one has not said yet.</param>
    internal BufferIoStart StartIo(int index, bool isRead, out WaitReference reference)
    {
        if (IsLocal) return StartLocalIo(index, isRead, out reference);
        ref ulong word = ref Descriptors[index].State;
        reference = default;
        while (true)
        {
            ulong state = AwaitHeader(index);
            if ((state & BufferState.IoInProgress) != 0)
            {
                if (CopyReference(index, out reference)) return BufferIoStart.InProgress;
                continue;
            }

            bool isDone = isRead ? (state & BufferState.Valid) != 0 : (state & BufferState.Dirty) == 0;
            if (isDone) return BufferIoStart.AlreadyDone;

            // A write cleans the page only if it is not dirtied after this point.
            ulong next = state | BufferState.IoInProgress;
            if (!isRead) next &= ~BufferState.JustDirtied;
            if (Interlocked.CompareExchange(ref word, next, state) == state) return BufferIoStart.Ready;
        }
    }

    /// <summary>The reference of the I/O in progress, copied as a whole.</summary>
    /// <returns>False when none is in progress any more.</returns>
    internal bool CopyReference(int index, out WaitReference reference)
    {
        if (IsLocal)
        {
            reference = _references[index];
            return reference.IsValid;
        }

        ulong state = LockHeader(index);
        bool isInProgress = (state & BufferState.IoInProgress) != 0;
        reference = isInProgress ? _references[index] : default;
        UnlockHeader(index);
        return isInProgress;
    }

    /// <summary>Whether an I/O on a temporary page is in flight.</summary>
    internal bool HasReference(int index) => _references[index].IsValid;

    /// <summary>An I/O in flight on any temporary page.</summary>
    internal bool TryFindReference(out WaitReference reference)
    {
        foreach (ref readonly WaitReference other in _references.AsSpan())
        {
            if (!other.IsValid) continue;
            reference = other;
            return true;
        }

        reference = default;
        return false;
    }

    /// <summary>Says what to wait for, and takes the pin of the I/O. By the stage callback.</summary>
    internal void AttachReference(int index, WaitReference reference, bool takesPin)
    {
        ulong state = LockHeader(index);
        bool isInProgress = IsLocal || (state & BufferState.IoInProgress) != 0;
        StorageInvariant.Check(isInProgress, "An I/O was staged on a buffer that has none in progress.");
        _references[index] = reference;
        if (takesPin) Interlocked.Add(ref Descriptors[index].State, BufferState.PinOne);
        UnlockHeader(index);
        const ulong AnyWaiter = BufferState.IoWaiters | BufferState.LockWaiters | BufferState.UnpinWaiters;
        if ((ReadState(index) & AnyWaiter) != 0) Waits.SendToLookAgain(index);
    }

    /// <summary>
    /// Ends an I/O: sets and clears what it decided, gives back what it held, wakes who waits; all but the waking in one step.
    /// </summary>
    /// <param name="index">The buffer.</param>
    /// <param name="set">Flags to set: valid, or error.</param>
    /// <param name="cleans">Whether the page was written, so that it is clean unless it was dirtied again.</param>
    /// <param name="unlocks">Whether the I/O holds the share-exclusive lock.</param>
    /// <param name="unpins">Whether the I/O holds a pin.</param>
    internal void EndIo(int index, ulong set, bool cleans, bool unlocks, bool unpins)
    {
        // Before the flag is cleared: from then on another I/O may store its own.
        ulong locked = LockHeader(index);
        bool isInProgress = IsLocal || (locked & BufferState.IoInProgress) != 0;
        StorageInvariant.Check(isInProgress, "An I/O was ended on a buffer that has none in progress.");
        _references[index] = default;
        ref ulong word = ref Descriptors[index].State;
        ulong state = Volatile.Read(ref word);
        ulong next;
        while (true)
        {
            next = state & ~(BufferState.HeaderLocked | BufferState.IoInProgress | BufferState.IoWaiters | BufferState.IoError);
            next |= set;
            if (cleans && (state & BufferState.JustDirtied) == 0) next &= ~(BufferState.Dirty | BufferState.CheckpointNeeded);
            if (unlocks) next -= BufferState.ShareExclusive;
            if (unpins) next -= BufferState.PinOne;
            bool lastPin = (next & (BufferState.UnpinWaiters | BufferState.PinMask)) == BufferState.UnpinWaiters;
            if (lastPin) next &= ~BufferState.UnpinWaiters;
            ulong seen = Interlocked.CompareExchange(ref word, next, state);
            if (seen == state) break;
            state = seen;
        }

        if ((state & BufferState.IoWaiters) != 0) Waits.Wake(index, WaitTable.IoKind);
        if (unlocks && (state & BufferState.LockWaiters) != 0) Waits.GrantLocks(index);
        if (((state ^ next) & BufferState.UnpinWaiters) != 0) Waits.Wake(index, WaitTable.UnpinKind);
    }

    public void Dispose()
    {
        FramesRegistry.Remove(_id);
        foreach (AioBuffer chunk in _chunks) chunk.Return();
        _arena.Dispose();
        NativeMemory.AlignedFree(Descriptors);
        Descriptors = null;
    }

    // Only one flow begins I/O on temporary pages: it needs no flag, and joins what it began itself.
    private BufferIoStart StartLocalIo(int index, bool isRead, out WaitReference reference)
    {
        reference = _references[index];
        if (reference.IsValid) return BufferIoStart.InProgress;
        ref ulong word = ref Descriptors[index].State;
        bool isDone = isRead ? (word & BufferState.Valid) != 0 : (word & BufferState.Dirty) == 0;
        if (isDone) return BufferIoStart.AlreadyDone;
        if (!isRead) Interlocked.And(ref word, ~BufferState.JustDirtied);
        return BufferIoStart.Ready;
    }

    private void WakeUnpinWaiters(int index)
    {
        ref ulong word = ref Descriptors[index].State;
        while (true)
        {
            ulong state = Volatile.Read(ref word);

            // Somebody else pinned it, or somebody else wakes them: the one whose unpinning is the last does it.
            if ((state & (BufferState.UnpinWaiters | BufferState.PinMask)) != BufferState.UnpinWaiters) return;
            if (Interlocked.CompareExchange(ref word, state & ~BufferState.UnpinWaiters, state) == state) break;
        }

        Waits.Wake(index, WaitTable.UnpinKind);
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RefusePin() => StorageInvariant.Broken("A buffer has as many pins as can be counted: release some.");

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RefuseUnpin(int index)
    {
        Interlocked.Increment(ref Descriptors[index].State);
        StorageInvariant.Broken("A pin was released that was released already.");
    }
}
