namespace Sluice.TempFiles;

/// <summary>For whom temporary files are made: what they amount to. Any thread.</summary>
public sealed class TempOwner
{
    private long _usedBytes;
    private long _peakBytes;
    private int _fileCount;

    internal TempOwner(TempSpace space, string name)
    {
        Space = space;
        Name = name;
    }

    /// <summary>The space.</summary>
    public TempSpace Space { get; }

    /// <summary>The name, for people.</summary>
    public string Name { get; }

    /// <summary>How many bytes its files have now.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>The most bytes its files ever had together.</summary>
    public long PeakBytes => Volatile.Read(ref _peakBytes);

    /// <summary>How many files it has now.</summary>
    public int FileCount => Volatile.Read(ref _fileCount);

    /// <summary>Notes more or fewer bytes. Under the lock of the space.</summary>
    internal void Add(long bytes)
    {
        long used = Volatile.Read(ref _usedBytes) + bytes;
        Volatile.Write(ref _usedBytes, used);
        if (used > _peakBytes) Volatile.Write(ref _peakBytes, used);
    }

    internal void AddFiles(int count) => Interlocked.Add(ref _fileCount, count);
}
