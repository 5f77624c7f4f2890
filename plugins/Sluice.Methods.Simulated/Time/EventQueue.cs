namespace Sluice.Methods.Simulated;

/// <summary>
/// Events in the order of (time, sequence): a binary heap of values, so that nothing is allocated per event. Two events of one moment come
/// in the order in which they were scheduled.
/// </summary>
internal sealed class EventQueue
{
    private Entry[] _heap = new Entry[64];
    private int _count;
    private long _sequence;

    internal int Count => _count;

    internal long NextTimeNanoseconds => _count == 0 ? long.MaxValue : _heap[0].TimeNanoseconds;

    internal void Add(long timeNanoseconds, EventTarget target, int slot, long ticket)
    {
        if (_count == _heap.Length) Array.Resize(ref _heap, _count * 2);
        Entry entry = new(timeNanoseconds, _sequence++, target, slot, ticket);
        int index = _count++;
        while (index > 0)
        {
            int parent = (index - 1) >> 1;
            if (_heap[parent].IsBefore(in entry)) break;
            _heap[index] = _heap[parent];
            index = parent;
        }

        _heap[index] = entry;
    }

    internal Entry Take()
    {
        Entry first = _heap[0];
        Entry last = _heap[--_count];
        _heap[_count] = default;
        if (_count == 0) return first;
        int index = 0;
        while (true)
        {
            int child = (index * 2) + 1;
            if (child >= _count) break;
            if (child + 1 < _count && _heap[child + 1].IsBefore(in _heap[child])) child++;
            if (last.IsBefore(in _heap[child])) break;
            _heap[index] = _heap[child];
            index = child;
        }

        _heap[index] = last;
        return first;
    }

    internal readonly record struct Entry(long TimeNanoseconds, long Sequence, EventTarget Target, int Slot, long Ticket)
    {
        internal bool IsBefore(in Entry other) =>
            TimeNanoseconds < other.TimeNanoseconds || (TimeNanoseconds == other.TimeNanoseconds && Sequence < other.Sequence);
    }
}
