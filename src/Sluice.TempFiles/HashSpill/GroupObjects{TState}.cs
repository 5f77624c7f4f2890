using System.Runtime.CompilerServices;

namespace Sluice.TempFiles;

/// <summary>The states of groups that are objects, or have some, and so cannot be in native memory.</summary>
/// <typeparam name="TState">The states.</typeparam>
internal sealed class GroupObjects<TState>
{
    private TState[] _states = new TState[16];
    private int[] _free = new int[16];
    private int _freeCount;
    private int _count;

    /// <summary>What a place takes besides what is in it.</summary>
    internal static int PlaceBytes => Unsafe.SizeOf<TState>() + sizeof(int);

    /// <summary>How many bytes the states are, as was counted.</summary>
    internal long Bytes { get; set; }

    internal ref TState this[int index] => ref _states[index];

    internal int Add(in TState state)
    {
        int index = _freeCount > 0 ? _free[--_freeCount] : _count++;
        if (index == _states.Length)
        {
            Array.Resize(ref _states, index * 2);
            Array.Resize(ref _free, index * 2);
        }

        _states[index] = state;
        return index;
    }

    internal void Remove(int index)
    {
        _states[index] = default!;
        _free[_freeCount++] = index;
    }

    internal void Clear()
    {
        Array.Clear(_states, 0, _count);
        _count = 0;
        _freeCount = 0;
        Bytes = 0;
    }
}
