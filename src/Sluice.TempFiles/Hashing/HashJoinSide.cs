namespace Sluice.TempFiles;

/// <summary>One side of a join: its codec, its keys and its spill files.</summary>
internal sealed class HashJoinSide<T, TKey> : IDisposable
{
    private readonly IEqualityComparer<TKey> _comparer;
    private readonly RecordEncoder<T> _encoder;

    internal HashJoinSide(IRecordCodec<T> codec, Func<T, TKey> keyOf, IEqualityComparer<TKey> comparer, HashSpill spill)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(keyOf);
        Codec = codec;
        KeyOf = keyOf;
        Spill = spill;
        _comparer = comparer;
        _encoder = new RecordEncoder<T>(codec);
    }

    internal IRecordCodec<T> Codec { get; }

    internal Func<T, TKey> KeyOf { get; }

    internal HashSpill Spill { get; }

    internal ulong Encode(T value, out ReadOnlySpan<byte> record)
    {
        record = _encoder.Encode(value);
        return HashBits.Of(KeyOf(value), _comparer);
    }

    public void Dispose() => Spill.Dispose();
}
