using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>What a log must know before it reads its first segment; kept in a <see cref="DurableStateFile"/> of two copies.</summary>
/// <param name="SystemId">Identity of the log.</param>
/// <param name="Timeline">Its timeline.</param>
/// <param name="SegmentBytes">Size of its segments.</param>
/// <param name="Incarnation">The greatest incarnation that ever wrote, or was about to: durable before it writes a byte.</param>
/// <param name="FirstSegment">The segment that the log began with.</param>
/// <param name="HasBegun">Whether the log was ever open: before, nothing was acknowledged, and it may have no segments yet.</param>
internal readonly record struct LogState(ulong SystemId, uint Timeline, int SegmentBytes, uint Incarnation, ulong FirstSegment, bool HasBegun)
{
    internal const string FileName = "wal.state";
    private const int Bytes = 40;
    private const uint Version = 1;

    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Timeline);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), SystemId);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), SegmentBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), Incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), FirstSegment);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), HasBegun ? 1 : 0);
        return bytes;
    }

    internal static LogState FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Bytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Version)
        {
            throw new WalException($"The state of the log ({FileName}) has another format than this program reads: use the program that wrote it.");
        }

        return new LogState(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]) != 0);
    }
}
