namespace Sluice.TempFiles;

/// <summary>A user's order.</summary>
internal readonly unsafe struct InterfaceOrder(ISortOrder order) : IRecordOrder
{
    public bool IsBytewise => false;

    public ulong Prefix(byte* record, int length) => order.Abbreviate(new ReadOnlySpan<byte>(record, length));

    public ulong PrefixAt(byte* record, int length, int depth) => throw new NotSupportedException();

    public int KeyLength(int length) => throw new NotSupportedException();

    public uint LengthRank(int length) => throw new NotSupportedException();

    public int Compare(byte* left, int leftLength, byte* right, int rightLength) =>
        order.Compare(new ReadOnlySpan<byte>(left, leftLength), new ReadOnlySpan<byte>(right, rightLength));
}
