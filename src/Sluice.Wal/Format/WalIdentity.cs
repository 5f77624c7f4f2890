namespace Sluice.Wal;

/// <summary>Which log it is. Part of the input of every checksum, so that nothing of another log is ever taken for this one's.</summary>
internal readonly record struct WalIdentity(ulong SystemId, uint Timeline, int SegmentBytes)
{
    /// <summary>The running checksum that everything in this log begins with.</summary>
    internal uint Seed { get; } = Crc32C.Append(Crc32C.Append(uint.MaxValue, SystemId), Timeline);
}
