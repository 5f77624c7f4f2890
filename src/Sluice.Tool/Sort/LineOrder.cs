using Sluice.TempFiles;

namespace Sluice.Tool.Sort;

/// <summary>The order of lines by keys, and by their bytes when all keys are equal, unless that is not wanted.</summary>
internal sealed class LineOrder
{
    private readonly SortKey[] _keys;
    private readonly int _separator;
    private readonly bool _hasLastResort;
    private readonly bool _isReversed;

    /// <param name="keys">The keys; empty for the bytes of the line alone.</param>
    /// <param name="separator">What separates fields; -1 for blanks.</param>
    /// <param name="hasLastResort">Whether the bytes of the line decide when the keys do not.</param>
    /// <param name="isReversed">Whether they decide in reverse.</param>
    internal LineOrder(IReadOnlyList<SortKey> keys, int separator, bool hasLastResort, bool isReversed)
    {
        _keys = [.. keys];
        _separator = separator;
        _hasLastResort = hasLastResort;
        _isReversed = isReversed;
    }

    /// <summary>Whether the order is that of the bytes of the line, forwards or in reverse.</summary>
    internal bool IsOfBytes => _keys.Length == 0;

    internal bool IsReversed => _isReversed;

    internal ulong Prefix(ReadOnlySpan<byte> line)
    {
        SortKey key = _keys[0];
        ulong prefix = KeyComparer.Prefix(key, key.Of(line, _separator));
        return key.IsReversed ? ~prefix : prefix;
    }

    internal int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        foreach (SortKey key in _keys)
        {
            int order = KeyComparer.Compare(key, key.Of(left, _separator), key.Of(right, _separator));
            if (order != 0) return key.IsReversed ? -order : order;
        }

        if (!_hasLastResort && _keys.Length != 0) return 0;
        int last = left.SequenceCompareTo(right);
        return _isReversed ? -last : last;
    }
}

/// <summary>The same as a struct, for sorting code of its own.</summary>
internal readonly unsafe struct KeyedOrder(LineOrder order) : IRecordOrder
{
    public bool IsBytewise => false;

    public ulong Prefix(byte* record, int length) => order.Prefix(new ReadOnlySpan<byte>(record, length));

    public ulong PrefixAt(byte* record, int length, int depth) => throw new NotSupportedException();

    public int KeyLength(int length) => throw new NotSupportedException();

    public uint LengthRank(int length) => throw new NotSupportedException();

    public int Compare(byte* left, int leftLength, byte* right, int rightLength) =>
        order.Compare(new ReadOnlySpan<byte>(left, leftLength), new ReadOnlySpan<byte>(right, rightLength));
}
