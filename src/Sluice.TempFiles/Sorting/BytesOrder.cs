using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>The order of the bytes, or its reverse; of the whole record or of its first bytes.</summary>
/// <param name="keyBytes">How many bytes count; all unless given.</param>
/// <param name="isReversed">Whether the order is reversed.</param>
internal readonly unsafe struct BytesOrder(int keyBytes = int.MaxValue, bool isReversed = false) : IRecordOrder
{
    private readonly int _keyBytes = keyBytes;
    private readonly ulong _mask = isReversed ? ulong.MaxValue : 0;

    public bool IsBytewise => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Prefix(byte* record, int length) => RecordPrefix.At(record, Math.Min(length, _keyBytes), 0) ^ _mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong PrefixAt(byte* record, int length, int depth) => RecordPrefix.At(record, Math.Min(length, _keyBytes), depth) ^ _mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int KeyLength(int length) => Math.Min(length, _keyBytes);

    public uint LengthRank(int length) => (uint)Math.Min(length, _keyBytes) ^ (uint)_mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Compare(byte* left, int leftLength, byte* right, int rightLength)
    {
        int order = new ReadOnlySpan<byte>(left, Math.Min(leftLength, _keyBytes)).SequenceCompareTo(
            new ReadOnlySpan<byte>(right, Math.Min(rightLength, _keyBytes)));
        return _mask == 0 ? order : -order;
    }
}
