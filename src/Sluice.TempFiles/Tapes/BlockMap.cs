using System.Numerics;

namespace Sluice.TempFiles;

/// <summary>
/// Which blocks of a tape file are in use. Hands out the lowest free ones, in runs that follow each other where there are such. Not for
/// several
/// threads at once.
/// </summary>
/// <remarks>
/// One bit per block, set when in use: 4 KiB of memory for 8 GiB in blocks of 256 KiB. PostgreSQL keeps a heap of free block numbers and
/// stops
/// remembering at a limit; a bitmap neither forgets nor costs more than the search for the first word that has room.
/// </remarks>
internal sealed class BlockMap
{
    private const int WordBits = 64;
    private ulong[] _words = new ulong[64];
    private int _firstWordWithRoom;

    /// <summary>How many blocks are in use.</summary>
    internal long InUse { get; private set; }

    /// <summary>One more than the highest block that was ever in use.</summary>
    internal long HighWater { get; private set; }

    /// <summary>Takes the lowest free block and those after it that are free too.</summary>
    /// <param name="want">How many at most.</param>
    /// <param name="count">How many were taken; at least one.</param>
    /// <returns>The first.</returns>
    internal long Take(int want, out int count)
    {
        int word = _firstWordWithRoom;
        while (word < _words.Length && _words[word] == ulong.MaxValue) word++;
        if (word == _words.Length) Array.Resize(ref _words, word * 2);
        _firstWordWithRoom = word;
        long first = ((long)word * WordBits) + BitOperations.TrailingZeroCount(~_words[word]);
        count = 0;
        for (long block = first; count < want; block++)
        {
            int index = (int)(block / WordBits);
            if (index == _words.Length) Array.Resize(ref _words, index * 2);
            ulong bit = 1UL << (int)(block % WordBits);
            if ((_words[index] & bit) != 0) break;
            _words[index] |= bit;
            count++;
        }

        InUse += count;
        HighWater = Math.Max(HighWater, first + count);
        return first;
    }

    /// <summary>Gives a block back.</summary>
    internal void Return(long block)
    {
        int index = (int)(block / WordBits);
        ulong bit = 1UL << (int)(block % WordBits);
        if ((_words[index] & bit) == 0) throw new InvalidOperationException("A block was given back that is not in use.");
        _words[index] &= ~bit;
        InUse--;
        if (index < _firstWordWithRoom) _firstWordWithRoom = index;
    }
}
