namespace Sluice.TempFiles;

/// <summary>The order of records, on their bytes. Used by several threads at once: without state, or safe with it.</summary>
public interface ISortOrder
{
    /// <summary>
    /// An abbreviated key: eight bytes that never contradict the order. A smaller one means that the record comes earlier; equal ones
    /// mean nothing.
    /// Most comparisons of a sort are of these and never look at the records; an order that cannot do better returns a constant.
    /// </summary>
    /// <param name="record">The record.</param>
    ulong Abbreviate(ReadOnlySpan<byte> record) => 0;

    /// <summary>Compares two records.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Negative, zero or positive, as of comparers.</returns>
    int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);
}
