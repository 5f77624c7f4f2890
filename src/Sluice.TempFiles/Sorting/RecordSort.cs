using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>
/// Sorts records in memory: radix exchange on the prefixes (McIlroy, Bostic, McIlroy 1993, "Engineering Radix Sort"), in place, on the
/// highest
/// eight bits in which a group differs; groups with equal prefixes load the next eight bytes when the order is bytewise, and are compared
/// whole
/// when it is not (quicksort, with heapsort when that degenerates). Stable, because the order of arrival breaks every tie. Each recursion
/// has
/// fewer bits left to tell apart, eight levels per eight bytes of key, and happens only where more than a few keys are equal so far.
/// </summary>
internal static unsafe class RecordSort
{
    private const int DigitBits = 8;
    private const int Buckets = 1 << DigitBits;

    // Below this comparing prefixes costs less than counting digits.
    private const int SmallGroup = 32;

    // Keys of which each is the beginning of the next would recurse once per key: from here on a group is compared instead.
    private const int LevelMax = 96;

    // The depth of a group whose prefixes hold what decides among equal keys.
    private const int Ranked = int.MaxValue;

    /// <summary>Sorts.</summary>
    /// <param name="entries">The entries, with prefixes of depth 0.</param>
    /// <param name="count">How many.</param>
    /// <param name="memory">What their offsets are relative to.</param>
    /// <param name="order">The order.</param>
    /// <param name="cancellationToken">Looked at between groups; the entries stay a permutation of what they were.</param>
    /// <param name="between">Called after each of the up to 256 groups into which all keys fall at first, if they do.</param>
    internal static void Sort<TOrder>(RecordEntry* entries, int count, byte* memory, TOrder order, CancellationToken cancellationToken,
        Action? between = null)
        where TOrder : struct, IRecordOrder
    {
        Sorter<TOrder> sorter = new(memory, order, cancellationToken, between);
        sorter.SortGroup(entries, count, 0, 0);
    }

    private readonly struct Sorter<TOrder>(byte* memory, TOrder order, CancellationToken cancellationToken, Action? between)
        where TOrder : struct, IRecordOrder
    {
        private readonly byte* _memory = memory;
        private readonly TOrder _order = order;

        // All of a group's keys are equal before the depth.
        internal void SortGroup(RecordEntry* entries, int count, int depth, int level)
        {
            while (true)
            {
                if (count <= SmallGroup)
                {
                    InsertionSort(entries, count);
                    return;
                }

                ulong first = entries[0].Prefix;
                ulong difference = 0;
                for (int index = 1; index < count; index++) difference |= entries[index].Prefix ^ first;
                if (difference != 0)
                {
                    int highest = 63 - BitOperations.LeadingZeroCount(difference);
                    if (level == LevelMax) CompareSort(entries, count);
                    else Exchange(entries, count, depth, Math.Max(0, highest - DigitBits + 1), level);
                    return;
                }

                if (!_order.IsBytewise)
                {
                    CompareSort(entries, count);
                    return;
                }

                // Only empty records have the same place, and those are all the same.
                if (depth == Ranked) return;
                depth += sizeof(ulong);
                if (LoadNext(entries, count, depth)) continue;
                RankEqual(entries, count);
                depth = Ranked;
            }
        }

        private void Exchange(RecordEntry* entries, int count, int depth, int shift, int level)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int* ends = stackalloc int[Buckets];
            int* next = stackalloc int[Buckets];
            new Span<int>(ends, Buckets).Clear();
            for (int index = 0; index < count; index++) ends[(entries[index].Prefix >> shift) & (Buckets - 1)]++;
            int start = 0;
            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                next[bucket] = start;
                start += ends[bucket];
                ends[bucket] = start;
            }

            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                while (next[bucket] < ends[bucket])
                {
                    RecordEntry held = entries[next[bucket]];
                    int digit = (int)((held.Prefix >> shift) & (Buckets - 1));
                    while (digit != bucket)
                    {
                        RecordEntry* place = entries + next[digit]++;
                        (held, *place) = (*place, held);
                        digit = (int)((held.Prefix >> shift) & (Buckets - 1));
                    }

                    entries[next[bucket]++] = held;
                }
            }

            int from = 0;
            for (int bucket = 0; bucket < Buckets; bucket++)
            {
                int length = ends[bucket] - from;
                if (length > 1) SortGroup(entries + from, length, depth, level + 1);
                if (level == 0 && length > 0) between?.Invoke();
                from = ends[bucket];
            }
        }

        // False when no key reaches the depth: then the prefixes hold all there is.
        private bool LoadNext(RecordEntry* entries, int count, int depth)
        {
            bool reaches = false;
            for (int index = 0; index < count; index++) reaches |= _order.KeyLength(entries[index].Length) > depth;
            if (!reaches) return false;
            for (int index = 0; index < count; index++)
            {
                RecordEntry* entry = entries + index;
                entry->Prefix = _order.PrefixAt(_memory + entry->Offset, Math.Max(entry->Length, depth), depth);
            }

            return true;
        }

        // Keys of equal bytes, up to zeros at the end: the length decides, and then the order of arrival. Both fit a prefix, and none are
        // equal.
        private void RankEqual(RecordEntry* entries, int count)
        {
            for (int index = 0; index < count; index++)
            {
                entries[index].Prefix = ((ulong)_order.LengthRank(entries[index].Length) << 32) | entries[index].Offset;
            }
        }

        private void InsertionSort(RecordEntry* entries, int count)
        {
            for (int index = 1; index < count; index++)
            {
                RecordEntry held = entries[index];
                int at = index;
                while (at > 0 && IsBefore(held, entries[at - 1]))
                {
                    entries[at] = entries[at - 1];
                    at--;
                }

                entries[at] = held;
            }
        }

        // Heap sort: in place, never worse than n log n, and within its bounds whatever the order says.
        private void CompareSort(RecordEntry* entries, int count)
        {
            if (!IsSorted(entries, count)) QuickSort(entries, count, 2 * BitOperations.Log2((uint)count));
        }

        private void QuickSort(RecordEntry* entries, int count, int budget)
        {
            while (count > SmallGroup)
            {
                if (budget-- == 0)
                {
                    HeapSort(entries, count);
                    return;
                }

                cancellationToken.ThrowIfCancellationRequested();
                RecordEntry pivot = Median(entries[0], entries[count / 2], entries[count - 1]);
                int left = 0;
                int right = count - 1;
                while (left <= right)
                {
                    while (left < count && IsBefore(entries[left], pivot)) left++;
                    while (right >= 0 && IsBefore(pivot, entries[right])) right--;
                    if (left > right) break;
                    (entries[left], entries[right]) = (entries[right], entries[left]);
                    left++;
                    right--;
                }

                // An order that contradicts itself may leave all on one side; then the budget ends it.
                int low = Math.Clamp(right + 1, 1, count - 1);
                if (low < count - low)
                {
                    QuickSort(entries, low, budget);
                    entries += low;
                    count -= low;
                }
                else
                {
                    QuickSort(entries + low, count - low, budget);
                    count = low;
                }
            }

            InsertionSort(entries, count);
        }

        private RecordEntry Median(RecordEntry one, RecordEntry two, RecordEntry three)
        {
            if (IsBefore(two, one)) (one, two) = (two, one);
            if (!IsBefore(three, two)) return two;
            return IsBefore(three, one) ? one : three;
        }

        private void HeapSort(RecordEntry* entries, int count)
        {
            for (int root = (count / 2) - 1; root >= 0; root--) Sift(entries, root, count);
            for (int end = count - 1; end > 0; end--)
            {
                (entries[0], entries[end]) = (entries[end], entries[0]);
                Sift(entries, 0, end);
            }
        }

        private void Sift(RecordEntry* entries, int root, int count)
        {
            RecordEntry held = entries[root];
            while (true)
            {
                int child = (2 * root) + 1;
                if (child >= count) break;
                if (child + 1 < count && IsBefore(entries[child], entries[child + 1])) child++;
                if (!IsBefore(held, entries[child])) break;
                entries[root] = entries[child];
                root = child;
            }

            entries[root] = held;
        }

        private bool IsSorted(RecordEntry* entries, int count)
        {
            for (int index = 1; index < count; index++)
            {
                if (IsBefore(entries[index], entries[index - 1])) return false;
            }

            return true;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private bool IsBefore(in RecordEntry left, in RecordEntry right)
        {
            if (left.Prefix != right.Prefix) return left.Prefix < right.Prefix;
            return IsBeforeWhole(left, right);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private bool IsBeforeWhole(in RecordEntry left, in RecordEntry right)
        {
            int order = _order.Compare(_memory + left.Offset, left.Length, _memory + right.Offset, right.Length);
            return order != 0 ? order < 0 : left.Offset < right.Offset;
        }
    }
}
