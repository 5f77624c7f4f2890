using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.TempFiles;

/// <summary>
/// Merges sources with a tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1): one comparison per level and record. A node
/// holds the
/// prefix beside the number of the source, so most comparisons touch nothing but the tree. Ties go to the source that was given first:
/// stable.
/// </summary>
/// <typeparam name="TOrder">The order.</typeparam>
internal sealed unsafe class LoserTree<TOrder> : IDisposable
    where TOrder : struct, IRecordOrder
{
    private readonly RecordSource[] _sources;
    private readonly TOrder _order;
    private readonly bool[] _isOver;
    private readonly int _count;
    private Node* _nodes;
    private bool _isStarted;

    internal LoserTree(RecordSource[] sources, TOrder order)
    {
        _sources = sources;
        _order = order;
        _count = sources.Length;
        _isOver = new bool[_count];
        _nodes = (Node*)NativeMemory.AllocZeroed((nuint)Math.Max(1, _count), (nuint)sizeof(Node));
    }

    /// <summary>The source of the record at hand.</summary>
    internal RecordSource Winner => _sources[(int)_nodes[0].Source];

    /// <summary>Goes to the next record in order.</summary>
    /// <returns>False when all sources are at their ends.</returns>
    internal bool MoveNext()
    {
        if (_count == 0) return false;
        if (!_isStarted) return Start();
        Node* nodes = _nodes;
        int source = (int)nodes[0].Source;
        if (_isOver[source]) return false;
        Node current = Load(source);
        ulong prefix = current.Prefix;
        ulong climber = current.Source;
        for (int index = (_count + source) >> 1; index > 0; index >>= 1)
        {
            Node* other = nodes + index;
            ulong otherPrefix = other->Prefix;
            ulong otherSource = other->Source;
            bool isOtherFirst = otherPrefix < prefix;
            if (otherPrefix == prefix) isOtherFirst = IsBefore(*other, new Node(prefix, climber));

            // Who wins is as good as random, so a branch would be guessed wrong every other time, at several times the cost of the
            // exchange: all ones exchange, all zeros leave both where they are.
            ulong exchange = 0UL - Unsafe.As<bool, byte>(ref isOtherFirst);
            ulong prefixes = (otherPrefix ^ prefix) & exchange;
            ulong sources = (otherSource ^ climber) & exchange;
            other->Prefix = otherPrefix ^ prefixes;
            other->Source = otherSource ^ sources;
            prefix ^= prefixes;
            climber ^= sources;
        }

        nodes[0] = new Node(prefix, climber);
        return !_isOver[(int)climber];
    }

    public void Dispose()
    {
        NativeMemory.Free(_nodes);
        _nodes = null;
    }

    private bool Start()
    {
        _isStarted = true;

        // Winners climb from the leaves; the loser of each match stays. Leaves are count to 2 count - 1.
        Node* winners = (Node*)NativeMemory.Alloc((nuint)(2 * _count), (nuint)sizeof(Node));
        try
        {
            for (int source = 0; source < _count; source++) winners[_count + source] = Load(source);
            for (int index = _count - 1; index > 0; index--)
            {
                Node left = winners[2 * index];
                Node right = winners[(2 * index) + 1];
                bool isLeft = left.Prefix != right.Prefix ? left.Prefix < right.Prefix : IsBefore(left, right);
                winners[index] = isLeft ? left : right;
                _nodes[index] = isLeft ? right : left;
            }

            _nodes[0] = winners[1];
        }
        finally
        {
            NativeMemory.Free(winners);
        }

        return !_isOver[(int)_nodes[0].Source];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Node Load(int source)
    {
        RecordSource from = _sources[source];
        if (from.MoveNext()) return new Node(_order.Prefix(from.Record, from.Length), (uint)source);
        _isOver[source] = true;
        return new Node(ulong.MaxValue, (uint)source);
    }

    // Prefixes are equal.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsBefore(in Node left, in Node right)
    {
        int first = (int)left.Source;
        int second = (int)right.Source;
        if (_isOver[first]) return false;
        if (_isOver[second]) return true;
        RecordSource one = _sources[first];
        RecordSource two = _sources[second];
        int order = _order.Compare(one.Record, one.Length, two.Record, two.Length);
        return order != 0 ? order < 0 : first < second;
    }

    // The number is as wide as the prefix, so that both are exchanged the same way.
    private struct Node(ulong prefix, ulong source)
    {
        internal ulong Prefix = prefix;
        internal ulong Source = source;
    }
}
