using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>Several sources as one, in order; the first of equal records only, and so many records only, if asked for.</summary>
internal sealed unsafe class MergedRecords<TOrder> : RecordSource
    where TOrder : struct, IRecordOrder
{
    private readonly LoserTree<TOrder> _tree;
    private readonly RecordSource[] _sources;
    private readonly IDisposable? _reader;
    private readonly TOrder _order;
    private readonly bool _isUnique;
    private long _left;
    private byte* _last;
    private int _lastBytes;
    private int _lastLength = -1;

    /// <param name="sources">The sources; disposed with this.</param>
    /// <param name="reader">What they read from; disposed with this, after them.</param>
    /// <param name="order">The order.</param>
    /// <param name="isUnique">Whether equal records come once.</param>
    /// <param name="limit">How many records at most.</param>
    internal MergedRecords(RecordSource[] sources, IDisposable? reader, TOrder order, bool isUnique, long limit)
    {
        _sources = sources;
        _reader = reader;
        _order = order;
        _isUnique = isUnique;
        _left = limit;
        _tree = new LoserTree<TOrder>(sources, order);
    }

    internal override bool MoveNext()
    {
        if (_left <= 0) return false;
        do
        {
            if (!_tree.MoveNext()) return false;
            RecordSource winner = _tree.Winner;
            Record = winner.Record;
            Length = winner.Length;
        }
        while (_isUnique && IsRepeated());
        _left--;
        return true;
    }

    public override void Dispose()
    {
        foreach (RecordSource source in _sources) source.Dispose();
        _reader?.Dispose();
        _tree.Dispose();
        NativeMemory.Free(_last);
        _last = null;
    }

    // The last record is copied: its place is used again when its source moves on.
    private bool IsRepeated()
    {
        if (_lastLength >= 0 && _order.Compare(_last, _lastLength, Record, Length) == 0) return true;
        if (Length > _lastBytes || _last is null)
        {
            NativeMemory.Free(_last);
            _last = null;
            _lastBytes = (int)Math.Min(Math.Max(64, Length * 2L), int.MaxValue);
            _last = (byte*)NativeMemory.Alloc((nuint)_lastBytes);
        }

        Buffer.MemoryCopy(Record, _last, Length, Length);
        _lastLength = Length;
        return false;
    }
}
