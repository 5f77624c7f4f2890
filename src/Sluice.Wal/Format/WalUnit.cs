using System.Buffers.Binary;

namespace Sluice.Wal;

/// <summary>
/// The header of a unit: a whole record, or one of the pieces of a long one. The bytes are described in docs/mechanisms/wal-format.md.
/// </summary>
internal readonly record struct WalUnit(uint LengthBytes, ushort Kind, byte Flags, ulong Previous, uint Incarnation, uint Checksum)
{
    internal const int HeaderBytes = 24;
    internal const int ChecksumOffset = 20;
    internal const byte First = 1;
    internal const byte Last = 2;

    internal const ushort PaddingKind = 0xFF00;
    internal const ushort RestartKind = 0xFF01;
    internal const ushort CheckpointBeginKind = 0xFF02;
    internal const ushort CheckpointKind = 0xFF03;

    /// <summary>Bytes of the stream that the unit takes.</summary>
    internal ulong StreamBytes => WalGeometry.Align(LengthBytes);

    internal bool IsFirst => (Flags & First) != 0;

    internal bool IsLast => (Flags & Last) != 0;

    /// <summary>
    /// The first eight bytes, written last of all: while they are zero nobody takes what stands there for a unit. Length 4, kind 2, flags 1, and
    /// one byte that is never zero.
    /// </summary>
    internal static ulong FirstWord(uint lengthBytes, ushort kind, byte flags) =>
        lengthBytes | ((ulong)kind << 32) | ((ulong)flags << 48) | ((ulong)Mark << 56);

    internal const byte Mark = 0x5A;

    internal static WalUnit Read(ReadOnlySpan<byte> header) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt16LittleEndian(header[4..]), header[6],
        BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), BinaryPrimitives.ReadUInt32LittleEndian(header[16..]),
        BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumOffset..]));
}
