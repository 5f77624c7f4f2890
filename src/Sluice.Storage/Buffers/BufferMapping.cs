using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Storage;

/// <summary>
/// From page tags to buffers: chains through the descriptors from an array of buckets. Looking up takes no lock and writes nothing that is
/// shared but the pin itself; changing takes the lock of the bucket's partition.
/// </summary>
/// <remarks>
/// <para>Invariants:</para>
/// <list type="number">
/// <item>A buffer stands in the chain of its tag's bucket exactly while its <see cref="BufferState.TagValid"/> is set, seen from inside the
/// partition's lock. So a tag has one buffer at most.</item>
/// <item>A reader without the lock may be led into another chain, because a buffer it stands on was moved: it then misses, which the lock
/// decides, or walks too long, which is bounded. It never takes a wrong buffer, because it pins first and compares after: invariant 1 of
/// <see cref="BufferFrames"/>.</item>
/// <item>Publishing: tag fields, then the flag (interlocked), then the link (release). Pairs with the reader's acquiring read of the link
/// and its interlocked pin.</item>
/// </list>
/// <para>A hit costs two cache lines, the bucket's and the buffer's.</para>
/// </remarks>
internal sealed unsafe class BufferMapping : IDisposable
{
    private const int PartitionCount = 128;

    // More than any chain at this load has, unless the reader was led astray.
    private const int WalkMax = 64;

    private readonly BufferFrames _frames;
    private readonly Lock[] _locks = new Lock[PartitionCount];
    private readonly uint _bucketMask;
    private int* _buckets;

    internal BufferMapping(BufferFrames frames)
    {
        _frames = frames;
        uint bucketCount = BitOperations.RoundUpToPowerOf2((uint)Math.Max(frames.Count, PartitionCount) * 2);
        _bucketMask = bucketCount - 1;
        _buckets = (int*)NativeMemory.AllocZeroed(bucketCount, sizeof(int));
        for (int index = 0; index < PartitionCount; index++) _locks[index] = new Lock();
    }

    /// <summary>Finds the page's buffer and pins it. No lock.</summary>
    /// <param name="key">The page.</param>
    /// <param name="usageMax">Up to where the buffer's usage is raised.</param>
    /// <param name="state">The state with the pin.</param>
    /// <returns>The buffer; -1 when it was not found, which <see cref="FindOrAdd"/> then decides.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int TryPin(in TagKey key, int usageMax, out ulong state)
    {
        int link = Volatile.Read(ref _buckets[key.Hash & _bucketMask]);
        for (int walked = 0; link != 0 && walked < WalkMax; walked++)
        {
            BufferDescriptor* descriptor = _frames.Descriptors + (link - 1);
            if (descriptor->Hash == key.Hash && key.Names(descriptor))
            {
                int index = link - 1;
                state = _frames.Pin(index, usageMax);
                if ((state & BufferState.TagValid) != 0 && key.Names(descriptor)) return index;

                // It was given to another page between the look and the pin.
                _frames.Unpin(index);
                break;
            }

            link = Volatile.Read(ref descriptor->NextInBucket);
        }

        state = 0;
        return -1;
    }

    /// <summary>
    /// Finds the page's buffer and pins it, or gives the page the buffer that the caller claimed.
    /// </summary>
    /// <param name="key">The page.</param>
    /// <param name="claimed">A buffer without a tag that the caller pins.</param>
    /// <param name="flags">Flags besides the tag's when it is taken.</param>
    /// <param name="usageMax">Up to where the buffer's usage is raised.</param>
    /// <param name="state">The state with the pin.</param>
    /// <returns>The page's buffer; <paramref name="claimed"/> when it was taken, with the caller's pin for the page.</returns>
    internal int FindOrAdd(in TagKey key, int claimed, ulong flags, int usageMax, out ulong state)
    {
        lock (LockOf(key.Hash))
        {
            int found = Find(key);
            if (found >= 0)
            {
                state = _frames.Pin(found, usageMax);
                return found;
            }

            BufferDescriptor* descriptor = _frames.Descriptors + claimed;
            descriptor->DatabaseAndNumber = key.DatabaseAndNumber;
            descriptor->TablespaceAndBlock = key.TablespaceAndBlock;
            descriptor->Fork = key.Fork;
            descriptor->Hash = key.Hash;
            descriptor->FailedWrites = 0;
            ref int bucket = ref _buckets[key.Hash & _bucketMask];
            Volatile.Write(ref descriptor->NextInBucket, bucket);
            state = _frames.ChangeFlags(claimed, BufferState.TagValid | BufferState.UsageOne | flags, clear: 0);
            state |= BufferState.TagValid | BufferState.UsageOne | flags;
            Volatile.Write(ref bucket, claimed + 1);
            return claimed;
        }
    }

    /// <summary>Whether the page has a buffer, and which. A guess as soon as it is given.</summary>
    internal int Peek(in TagKey key)
    {
        lock (LockOf(key.Hash)) return Find(key);
    }

    /// <summary>
    /// Takes the tag off a buffer, if nobody else pins it and nothing is lost by it.
    /// </summary>
    /// <param name="index">The buffer.</param>
    /// <param name="key">Its tag, as the caller believes.</param>
    /// <param name="ownPins">How many pins the caller has: one, or none.</param>
    /// <param name="evenDirty">Whether a dirty page is thrown away: its relation goes.</param>
    internal bool TryRemove(int index, in TagKey key, int ownPins, bool evenDirty)
    {
        ulong obstacles = BufferState.HeaderLocked | BufferState.IoInProgress;
        if (!evenDirty) obstacles |= BufferState.Dirty;
        BufferDescriptor* descriptor = _frames.Descriptors + index;
        ulong state;
        lock (LockOf(key.Hash))
        {
            while (true)
            {
                state = Volatile.Read(ref descriptor->State);
                if ((state & BufferState.TagValid) == 0 || !key.Names(descriptor)) return false;
                if ((state & obstacles) != 0 || BufferState.Pins(state) != ownPins) return false;

                // Whoever waits, waits with a pin, which cannot be when only the caller's are left, or for the pins of this page to go.
                ulong kept = state & BufferState.PinMask;
                if (Interlocked.CompareExchange(ref descriptor->State, kept, state) == state) break;
            }

            Unlink(index, key.Hash);
        }

        // The page is gone: they must not wait for the pins of the page that comes into the buffer.
        if ((state & BufferState.UnpinWaiters) != 0) _frames.Waits.Wake(index, WaitTable.UnpinKind);
        return true;
    }

    public void Dispose()
    {
        NativeMemory.Free(_buckets);
        _buckets = null;
    }

    private int Find(in TagKey key)
    {
        for (int link = _buckets[key.Hash & _bucketMask]; link != 0; link = _frames.Descriptors[link - 1].NextInBucket)
        {
            BufferDescriptor* descriptor = _frames.Descriptors + (link - 1);
            if (descriptor->Hash == key.Hash && key.Names(descriptor)) return link - 1;
        }

        return -1;
    }

    private void Unlink(int index, uint hash)
    {
        int next = _frames.Descriptors[index].NextInBucket;
        ref int link = ref _buckets[hash & _bucketMask];
        while (link != index + 1)
        {
            StorageInvariant.Check(link != 0, "A buffer with a tag does not stand in the mapping.");
            link = ref _frames.Descriptors[link - 1].NextInBucket;
        }

        Volatile.Write(ref link, next);
    }

    private Lock LockOf(uint hash) => _locks[hash & _bucketMask & (PartitionCount - 1)];
}
