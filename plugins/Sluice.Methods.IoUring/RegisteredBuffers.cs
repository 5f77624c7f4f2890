using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>A piece of registered memory: at most 1 GiB, the kernel's limit for one. The index is the same in every ring.</summary>
internal sealed record BufferRegion(nint Start, nint End, int Index, nint RegistrationStart);

/// <summary>
/// The memory that the host registered, for all rings. Guarded by the method's lock throughout; what submitters read is each
/// context's own list (<see cref="ContextBuffers"/>).
/// </summary>
/// <remarks>
/// Order of steps, so that no entry ever names an index that does not hold its memory: on registration the kernel first, then
/// the context's list; on removal the list first, then the kernel, then the index becomes free. Between list and kernel
/// nothing can be in flight on the region: its owner promised that.
/// </remarks>
internal sealed class RegisteredBuffers
{
    private const long RegionBytesMax = 1L << 30;
    private readonly List<BufferRegion> _regions = [];
    private readonly bool[] _indexIsUsed = new bool[ContextBuffers.TableSize];

    /// <summary>Registrations for which the table had no room.</summary>
    internal long TableRefusals { get; private set; }

    /// <summary>How many bytes the host registered and has not taken back.</summary>
    internal long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (BufferRegion region in _regions) bytes += region.End - region.Start;
            return bytes;
        }
    }

    /// <summary>Adds memory to every ring that takes it, and keeps it for rings to come.</summary>
    /// <returns>Whether it is kept. Not when there are rings and each refused: then it is forgotten, and need not be removed.</returns>
    internal bool Add(nint address, nuint lengthBytes, IoUringContext?[] contexts)
    {
        bool isUsable = Array.TrueForAll(contexts, static context => context is null);
        long left = checked((long)lengthBytes);
        for (nint start = address; left > 0;)
        {
            long bytes = Math.Min(left, RegionBytesMax);
            int index = Array.IndexOf(_indexIsUsed, false);
            if (index < 0)
            {
                TableRefusals++;
                break;
            }

            _indexIsUsed[index] = true;
            BufferRegion region = new(start, start + (nint)bytes, index, address);
            _regions.Add(region);
            Ring? donor = null;
            foreach (IoUringContext? context in contexts)
            {
                if (context is null || !context.Buffers.TryAdd(region, donor)) continue;
                donor ??= context.Ring;
                isUsable = true;
            }

            start += (nint)bytes;
            left -= bytes;
        }

        // A caller that was told no may free the memory without another word: no ring made later may get it then.
        if (!isUsable) Remove(address, contexts);
        return isUsable;
    }

    /// <summary>Forgets memory in every ring.</summary>
    internal void Remove(nint address, IoUringContext?[] contexts)
    {
        for (int position = _regions.Count - 1; position >= 0; position--)
        {
            BufferRegion region = _regions[position];
            if (region.RegistrationStart != address) continue;
            bool isGone = true;
            foreach (IoUringContext? context in contexts)
            {
                if (context is not null) isGone &= context.Buffers.Remove(region);
            }

            // An index that a ring still holds is never given to other memory.
            if (isGone) _indexIsUsed[region.Index] = false;
            _regions.RemoveAt(position);
        }
    }

    /// <summary>Gives a new ring what is registered already.</summary>
    internal void AddAllTo(IoUringContext added, IoUringContext?[] contexts)
    {
        foreach (BufferRegion region in _regions)
        {
            Ring? donor = null;
            foreach (IoUringContext? context in contexts)
            {
                if (context is null || context == added || !context.Buffers.Has(region)) continue;
                donor = context.Ring;
                break;
            }

            _ = added.Buffers.TryAdd(region, donor);
        }
    }
}

/// <summary>
/// The registered memory of one ring. <see cref="Find"/> and <see cref="FindAll"/> are for the submitter and take no lock: the list
/// is replaced, never changed (the release store in <see cref="Publish"/> pairs with their acquire load). The rest is guarded by the
/// method's lock.
/// </summary>
internal sealed unsafe class ContextBuffers
{
    /// <summary>How many regions a ring can hold. An empty place costs the kernel 8 bytes.</summary>
    internal const int TableSize = 256;

    private readonly Ring _ring;
    private readonly bool _hasTable;
    private BufferRegion[] _regions = [];
    private long _refusals;

    internal ContextBuffers(Ring ring, bool isEnabled)
    {
        _ring = ring;
        if (!isEnabled) return;
        ResourceRegistration table = new() { Count = TableSize, Flags = Uapi.IORING_RSRC_REGISTER_SPARSE };
        int result = ring.Register(Uapi.IORING_REGISTER_BUFFERS2, &table, (uint)sizeof(ResourceRegistration));
        _hasTable = result >= 0;
        if (!_hasTable) LastErrno = -result;
    }

    /// <summary>How many registrations the kernel refused.</summary>
    internal long Refusals => Volatile.Read(ref _refusals);

    /// <summary>Why the last one was refused; 0 if none was.</summary>
    internal int LastErrno { get; private set; }

    /// <summary>The region's index in the ring if it holds all of the memory, else -1.</summary>
    internal int Find(nint address, nuint lengthBytes)
    {
        BufferRegion[] regions = Volatile.Read(ref _regions);
        BufferRegion? region = regions.Length == 0 ? null : FindIn(regions, address);
        return region is not null && lengthBytes <= (nuint)(region.End - address) ? region.Index : -1;
    }

    /// <summary>The region's index if it holds every vector, else -1.</summary>
    internal int FindAll(ReadOnlySpan<IoVector> vectors)
    {
        BufferRegion[] regions = Volatile.Read(ref _regions);
        BufferRegion? region = regions.Length == 0 ? null : FindIn(regions, vectors[0].Address);
        if (region is null) return -1;
        foreach (ref readonly IoVector vector in vectors)
        {
            bool isInside = vector.Address >= region.Start && vector.Address < region.End
                && vector.LengthBytes <= (nuint)(region.End - vector.Address);
            if (!isInside) return -1;
        }

        return region.Index;
    }

    internal bool Has(BufferRegion region) => Array.IndexOf(_regions, region) >= 0;

    /// <summary>Registers a region with the ring.</summary>
    /// <param name="region">The region.</param>
    /// <param name="donor">A ring that has it, or null: sharing its pages costs neither pinning nor locked memory again.</param>
    internal bool TryAdd(BufferRegion region, Ring? donor)
    {
        if (!_hasTable) return false;
        int result = donor is null ? -Errno.EINVAL : CloneFrom(donor, region.Index);

        // The kernel may not know how to share one region (before 6.13), or refuse for accounts that differ.
        if (result < 0) result = Update(region.Index, region.Start, (nuint)(region.End - region.Start));
        if (result < 0)
        {
            Volatile.Write(ref _refusals, _refusals + 1);
            LastErrno = -result;
            return false;
        }

        BufferRegion[] regions = [.. _regions, region];
        Array.Sort(regions, static (left, right) => left.Start.CompareTo(right.Start));
        Publish(regions);
        return true;
    }

    /// <summary>Takes a region out of the ring.</summary>
    /// <returns>Whether the ring no longer holds it.</returns>
    internal bool Remove(BufferRegion region)
    {
        if (!Has(region)) return true;
        Publish(Array.FindAll(_regions, other => other != region));
        return Update(region.Index, 0, 0) >= 0;
    }

    private static BufferRegion? FindIn(BufferRegion[] regions, nint address)
    {
        int low = 0;
        int high = regions.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            BufferRegion region = regions[middle];
            if (address < region.Start) high = middle - 1;
            else if (address >= region.End) low = middle + 1;
            else return region;
        }

        return null;
    }

    private void Publish(BufferRegion[] regions) => Volatile.Write(ref _regions, regions);

    private int Update(int index, nint address, nuint lengthBytes)
    {
        IoVector vector = new(address, lengthBytes);
        ResourceUpdate update = new() { Offset = (uint)index, Data = (ulong)&vector, Count = 1 };
        return _ring.Register(Uapi.IORING_REGISTER_BUFFERS_UPDATE, &update, (uint)sizeof(ResourceUpdate));
    }

    private int CloneFrom(Ring donor, int index)
    {
        BufferClone clone = new()
        {
            SourceDescriptor = (uint)donor.Descriptor,
            Flags = Uapi.IORING_REGISTER_DST_REPLACE,
            SourceOffset = (uint)index,
            TargetOffset = (uint)index,
            Count = 1,
        };
        return _ring.Register(Uapi.IORING_REGISTER_CLONE_BUFFERS, &clone, 1);
    }
}
