namespace Sluice.Testing;

/// <summary>What a thread allocates from some moment on.</summary>
/// <remarks>
/// The runtime counts by windows of 8 KiB that it gives to threads. A collection, which any thread may cause, takes a window back and counts
/// what was left of it as allocated: so much for each collection is not taken for the thread's.
/// </remarks>
public readonly struct AllocationMeter
{
    private const int WindowBytes = 8 << 10;

    private readonly long _bytes;
    private readonly int _collections;

    private AllocationMeter(long bytes, int collections) => (_bytes, _collections) = (bytes, collections);

    /// <summary>Bytes that the calling thread allocated since the start, on which it must be called.</summary>
    public long Bytes
    {
        get
        {
            long bytes = GC.GetAllocatedBytesForCurrentThread() - _bytes;
            return Math.Max(0, bytes - ((GC.CollectionCount(0) - _collections) * (long)WindowBytes));
        }
    }

    /// <summary>Begins to count.</summary>
    public static AllocationMeter Start()
    {
        // In this order: a collection between the two is counted, and takes nothing away that matters.
        int collections = GC.CollectionCount(0);
        return new AllocationMeter(GC.GetAllocatedBytesForCurrentThread(), collections);
    }
}
