using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>The header of a page, and what the first page of a segment has besides. The bytes are described in docs/mechanisms/wal-format.md.</summary>
internal static class WalPage
{
    internal const uint Magic = 0x4C41_5753;
    internal const ushort Version = 1;
    internal const ushort FirstOfSegment = 1;
    private const int DurableOffset = 16;
    private const int RemainingOffset = 32;
    private const int ChecksumOffset = 36;
    private const int SegmentPartOffset = 40;
    private const int SegmentChecksumOffset = 68;

    /// <summary>Writes what is known when a page begins; the rest follows before it is first written.</summary>
    internal static void Begin(Span<byte> page, in WalIdentity identity, ulong position, uint incarnation)
    {
        bool isFirst = (position & ((ulong)identity.SegmentBytes - 1)) == 0;
        BinaryPrimitives.WriteUInt32LittleEndian(page, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(page[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(page[6..], isFirst ? FirstOfSegment : (ushort)0);
        BinaryPrimitives.WriteUInt64LittleEndian(page[8..], position);
        BinaryPrimitives.WriteUInt32LittleEndian(page[24..], identity.Timeline);
        BinaryPrimitives.WriteUInt32LittleEndian(page[28..], incarnation);
        if (!isFirst) return;
        BinaryPrimitives.WriteUInt64LittleEndian(page[SegmentPartOffset..], identity.SystemId);
        BinaryPrimitives.WriteUInt32LittleEndian(page[48..], (uint)identity.SegmentBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(page[52..], WalGeometry.PageBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(page[56..], position);
        uint checksum = Crc32C.Append(uint.MaxValue, page[SegmentPartOffset..SegmentChecksumOffset]);
        BinaryPrimitives.WriteUInt32LittleEndian(page[SegmentChecksumOffset..], ~checksum);
    }

    /// <summary>How much of a unit that began on an earlier page goes on here.</summary>
    internal static void SetRemaining(Span<byte> page, uint bytes) => BinaryPrimitives.WriteUInt32LittleEndian(page[RemainingOffset..], bytes);

    /// <summary>Completes the header just before the page is written for the first time. From here on it never changes.</summary>
    internal static void Seal(Span<byte> page, in WalIdentity identity, ulong durable)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(page[DurableOffset..], durable);
        BinaryPrimitives.WriteUInt32LittleEndian(page[ChecksumOffset..], Checksum(page, identity));
    }

    /// <summary>Whether a page that was read is the one that belongs there. The obstacle is one line.</summary>
    internal static string? FindMistake(ReadOnlySpan<byte> page, in WalIdentity identity, ulong position)
    {
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(page);
        if (magic == 0) return "the page was never written";
        if (magic != Magic) return "the page has no header of a log";
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(page[4..]);
        if (version != Version) return $"the page has format {version} and this program reads format {Version}";
        ulong own = BinaryPrimitives.ReadUInt64LittleEndian(page[8..]);
        if (own != position) return $"the page is an old one, of position {new LogPosition(own)}";
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[ChecksumOffset..]) != Checksum(page, identity)) return "the checksum of the page's header is wrong";
        bool isFirst = (position & ((ulong)identity.SegmentBytes - 1)) == 0;
        if (BinaryPrimitives.ReadUInt16LittleEndian(page[6..]) != (isFirst ? FirstOfSegment : 0)) return "the page's flags are wrong";
        if (!isFirst) return null;
        uint checksum = ~Crc32C.Append(uint.MaxValue, page[SegmentPartOffset..SegmentChecksumOffset]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[SegmentChecksumOffset..]) != checksum) return "the checksum of the segment's header is wrong";
        return BinaryPrimitives.ReadUInt32LittleEndian(page[48..]) != identity.SegmentBytes ? "the segment has another size than the log" : null;
    }

    internal static ulong Durable(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt64LittleEndian(page[DurableOffset..]);

    internal static uint Remaining(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[RemainingOffset..]);

    internal static uint Incarnation(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[28..]);

    /// <summary>Reads which log a segment belongs to, from its first page. False when that page is none.</summary>
    internal static bool TryReadIdentity(ReadOnlySpan<byte> page, out WalIdentity identity, out ulong position)
    {
        identity = default;
        position = 0;
        if (page.Length < WalGeometry.SegmentHeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(page) != Magic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(page[SegmentChecksumOffset..]) != ~Crc32C.Append(uint.MaxValue, page[SegmentPartOffset..SegmentChecksumOffset])) return false;
        position = BinaryPrimitives.ReadUInt64LittleEndian(page[56..]);
        identity = new WalIdentity(
            BinaryPrimitives.ReadUInt64LittleEndian(page[SegmentPartOffset..]), BinaryPrimitives.ReadUInt32LittleEndian(page[24..]),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(page[48..]));
        return true;
    }

    // Bytes 0 to 35, behind the identity of the log: a page of another log is none of this one.
    private static uint Checksum(ReadOnlySpan<byte> page, in WalIdentity identity) => ~Crc32C.Append(identity.Seed, page[..ChecksumOffset]);
}
