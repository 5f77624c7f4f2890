namespace Sluice.TempFiles;

/// <summary>A hash of 64 bits, all of them worth something, from a comparer's of 32.</summary>
internal static class HashBits
{
    /// <summary>Mixes (the finalizer of MurmurHash3, Appleby).</summary>
    internal static ulong Of<TKey>(TKey key, IEqualityComparer<TKey> comparer)
    {
        ulong hash = key is null ? 0 : (uint)comparer.GetHashCode(key);
        hash *= 0x9E37_79B9_7F4A_7C15;
        hash ^= hash >> 33;
        hash *= 0xFF51_AFD7_ED55_8CCD;
        hash ^= hash >> 33;
        hash *= 0xC4CE_B9FE_1A85_EC53;
        return hash ^ (hash >> 33);
    }
}
