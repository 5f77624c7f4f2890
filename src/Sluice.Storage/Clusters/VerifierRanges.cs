namespace Sluice.Storage;

/// <summary>Shares the files out among flows, long ones in ranges, so that all flows end at about the same time. Any thread.</summary>
internal sealed class VerifierRanges
{
    // Long enough for the system's readahead to be worth its while, short enough for the last one to be waited for.
    private const long RangeBytes = 32L << 20;

    private readonly IReadOnlyList<ClusterFile> _files;
    private readonly Lock _lock = new();
    private int _next;
    private long _nextOffset;
    private int _unopenedCount;

    internal VerifierRanges(IReadOnlyList<ClusterFile> files)
    {
        _files = files;
        foreach (ClusterFile file in files) BytesTotal += WholeBytes(file);
    }

    /// <summary>Bytes of all whole blocks.</summary>
    internal long BytesTotal { get; }

    /// <summary>Files that could not be opened, and so were not read.</summary>
    internal int UnopenedCount => Volatile.Read(ref _unopenedCount);

    internal bool TryTake(out ClusterFile file, out long offsetBytes, out long endBytes)
    {
        lock (_lock)
        {
            while (_next < _files.Count)
            {
                file = _files[_next];
                long length = WholeBytes(file);
                offsetBytes = _nextOffset;
                endBytes = Math.Min(length, offsetBytes + RangeBytes);
                if (endBytes == length)
                {
                    _next++;
                    _nextOffset = 0;
                }
                else
                {
                    _nextOffset = endBytes;
                }

                return true;
            }
        }

        file = default;
        offsetBytes = endBytes = 0;
        return false;
    }

    /// <summary>A file's first range could not be opened.</summary>
    internal void CountUnopened() => Interlocked.Increment(ref _unopenedCount);

    private static long WholeBytes(ClusterFile file) => file.LengthBytes / StorageLimits.PageBytes * StorageLimits.PageBytes;
}
