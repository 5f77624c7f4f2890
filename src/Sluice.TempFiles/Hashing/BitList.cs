namespace Sluice.TempFiles;

/// <summary>Bits by number, false at first.</summary>
internal sealed class BitList
{
    private ulong[] _words = new ulong[16];

    internal bool this[long number] => number >> 6 < _words.Length && (_words[number >> 6] & (1UL << (int)(number & 63))) != 0;

    internal void Set(long number)
    {
        int word = (int)(number >> 6);
        if (word >= _words.Length) Array.Resize(ref _words, Math.Max(word + 1, _words.Length * 2));
        _words[word] |= 1UL << (int)(number & 63);
    }
}
