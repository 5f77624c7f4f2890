namespace Sluice.TempFiles;

/// <summary>Orders to sort by.</summary>
public static class SortOrder
{
    /// <summary>The order of the records' bytes.</summary>
    public static ISortOrder Bytes { get; } = new BytesSortOrder(int.MaxValue, isReversed: false);

    /// <summary>The reverse of the order of the records' bytes.</summary>
    public static ISortOrder BytesReversed { get; } = new BytesSortOrder(int.MaxValue, isReversed: true);

    /// <summary>The order of the records' first bytes: for codecs that write the key first, in an order-preserving way.</summary>
    /// <param name="keyBytes">How many bytes.</param>
    /// <param name="isReversed">Whether the order is reversed.</param>
    public static ISortOrder LeadingBytes(int keyBytes, bool isReversed = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keyBytes, 1);
        return new BytesSortOrder(keyBytes, isReversed);
    }

    /// <summary>The order of a comparer of values. Each comparison decodes both records, unless the abbreviated keys decide.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="codec">How records become values.</param>
    /// <param name="comparer">The comparer; null for the values' own order.</param>
    /// <param name="abbreviate">Makes an abbreviated key, see <see cref="ISortOrder.Abbreviate"/>; null for none.</param>
    public static ISortOrder By<T>(ITempCodec<T> codec, IComparer<T>? comparer = null, Func<T, ulong>? abbreviate = null)
    {
        ArgumentNullException.ThrowIfNull(codec);
        return new ComparerSortOrder<T>(codec, comparer ?? Comparer<T>.Default, abbreviate);
    }

    internal sealed class BytesSortOrder(int keyBytes, bool isReversed) : ISortOrder
    {
        internal BytesOrder Order { get; } = new(keyBytes, isReversed);

        public unsafe ulong Abbreviate(ReadOnlySpan<byte> record)
        {
            fixed (byte* at = record) return Order.Prefix(at, record.Length);
        }

        public unsafe int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            fixed (byte* one = left)
            fixed (byte* two = right)
            {
                return Order.Compare(one, left.Length, two, right.Length);
            }
        }
    }

    private sealed class ComparerSortOrder<T>(ITempCodec<T> codec, IComparer<T> comparer, Func<T, ulong>? abbreviate) : ISortOrder
    {
        public ulong Abbreviate(ReadOnlySpan<byte> record) => abbreviate is null ? 0 : abbreviate(codec.Decode(record));

        public int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => comparer.Compare(codec.Decode(left), codec.Decode(right));
    }
}
