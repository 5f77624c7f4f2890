using System.Runtime.CompilerServices;

namespace Sluice.Wal;

/// <summary>
/// Records that were decoded and are not replayed yet, in order, with their contents: what lies between is the time in which their pages are read.
/// Bounded in bytes and in number; nothing is allocated once it is made.
/// </summary>
internal sealed class ReplayWindow
{
    private readonly Item[] _items;
    private readonly byte[] _bytes;
    private int _first;
    private int _byteFirst;
    private int _byteEnd;

    internal ReplayWindow(int records, int bytes)
    {
        _items = new Item[records];
        _bytes = new byte[bytes];
    }

    internal int Count { get; private set; }

    internal bool IsEmpty => Count == 0;

    /// <summary>Whether half of it, at least, is free.</summary>
    internal bool IsHalfFree => Count <= _items.Length / 2 && UsedBytes <= _bytes.Length / 2;

    /// <summary>The oldest record.</summary>
    internal ref Item First => ref _items[_first];

    private int UsedBytes => Count == 0 ? 0 : _byteEnd > _byteFirst ? _byteEnd - _byteFirst : _bytes.Length - _byteFirst + _byteEnd;

    /// <summary>Whether a record is too long to wait here.</summary>
    internal bool IsTooLong(int bodyBytes) => bodyBytes > _bytes.Length / 4;

    /// <summary>Takes a place for a record, if there is one, and copies its content.</summary>
    internal bool TryAdd(in LogRecord record, out int index)
    {
        index = (_first + Count) % _items.Length;
        int length = record.Body.Length;
        if (Count == _items.Length || !TryTakeBytes(length, out int offset)) return false;
        record.Body.Span.CopyTo(_bytes.AsSpan(offset));
        ref Item item = ref _items[index];
        item.Kind = record.Kind;
        item.Position = record.Position;
        item.End = record.EndPosition;
        item.Body = new ReadOnlyMemory<byte>(_bytes, offset, length);
        item.BodyAt = offset;
        item.PageCount = 0;
        Count++;
        return true;
    }

    internal ref Item At(int index) => ref _items[index];

    /// <summary>Gives the oldest record's place back.</summary>
    internal void RemoveFirst()
    {
        _items[_first].Body = default;
        _first = (_first + 1) % _items.Length;
        Count--;
        if (Count == 0) _byteFirst = _byteEnd = 0;
        else _byteFirst = _items[_first].BodyAt;
    }

    // A content never wraps around: what is left at the end is given up with the record before.
    private bool TryTakeBytes(int length, out int offset)
    {
        offset = _byteEnd;
        bool isWrapped = Count != 0 && _byteEnd <= _byteFirst;
        int room = (isWrapped ? _byteFirst : _bytes.Length) - _byteEnd;
        if (room < Math.Max(length, 1))
        {
            if (isWrapped || Count == 0 || _byteFirst < Math.Max(length, 1)) return false;
            offset = 0;
        }

        // At least one byte, so that an end that meets the front always means that it is full.
        _byteEnd = offset + Math.Max(length, 1);
        return true;
    }

    /// <summary>A record.</summary>
    internal struct Item
    {
        internal LogPosition Position;
        internal LogPosition End;
        internal ReadOnlyMemory<byte> Body;
        internal int BodyAt;
        internal int PageCount;
        internal ushort Kind;
        internal PageSlots Pages;
    }

    /// <summary>Which of the wanted pages a record is about.</summary>
    [InlineArray(PageRecord.PagesMax)]
    internal struct PageSlots
    {
        private int _first;
    }
}
