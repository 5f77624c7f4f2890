using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// Keeps many more files usable than may be open: what is used stays open, what was not used for longest is closed and opened again
/// when somebody wants it. Any thread.
/// </summary>
/// <remarks>
/// <para>Order. The clock counts opens. A use notes the clock in the file, without a lock and only if it changed; the open files
/// stand in a heap by the use they were last ordered by, and whoever needs room takes the top, puts it where it belongs if it was
/// used since, and goes on. So the file closed is the one used least recently, counted in opens, and a hit costs two reads.</para>
/// <para>A file that is held, or has I/O staged or in flight (which holds it), is never closed: <see cref="CachedFile"/> has the
/// protocol. When all are in use the limit is exceeded for as long as that lasts (<see cref="ExceededCount"/>) rather than
/// anything waited for. A file that somebody asked to close while it is in use is retired: nobody finds it any more, and it is
/// closed by the first open or close of any file after its last use.</para>
/// </remarks>
public sealed class FileCache
{
    private readonly AioSystem _system;
    private readonly Lock _lock = new();
    private readonly List<IoFile> _retired = [];
    private CachedFile[] _heap = new CachedFile[64];
    private int _heapCount;
    private int _openCount;
    private int _retiredCount;
    private long _now = 1;
    private long _openedCount;
    private long _closedCount;
    private long _exceededCount;
    private bool _isDisposed;

    /// <summary>Makes a cache.</summary>
    /// <param name="system">The system whose namespace the files are in.</param>
    /// <param name="filesMax">The most files open; 0 for what the process may have, less a reserve.</param>
    public FileCache(AioSystem system, int filesMax = 0)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentOutOfRangeException.ThrowIfNegative(filesMax);
        _system = system;
        FilesMax = filesMax == 0 ? OpenFileLimit.Derive() : filesMax;
    }

    /// <summary>The most files that are open while not all of them are in use.</summary>
    public int FilesMax { get; }

    /// <summary>How many are open now.</summary>
    public int OpenCount => Volatile.Read(ref _openCount);

    /// <summary>How often a file was opened.</summary>
    public long OpenedCount => Volatile.Read(ref _openedCount);

    /// <summary>How often a file was closed to make room.</summary>
    public long ClosedCount => Volatile.Read(ref _closedCount);

    /// <summary>How often a file was opened beyond the limit because all open ones were in use.</summary>
    public long ExceededCount => Volatile.Read(ref _exceededCount);

    /// <summary>The clock: moves with each open.</summary>
    internal long Now
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref _now);
    }

    /// <summary>Names a file. Nothing is opened yet.</summary>
    /// <param name="path">The path.</param>
    /// <param name="options">How it is opened, each time: it must exist, unless a holder asks for it to be made.</param>
    public CachedFile Register(string path, IoOpenOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(options);
        return new CachedFile(this, path, options with { Creation = IoCreation.OpenExisting });
    }

    /// <summary>Closes every file as soon as nobody holds it. They can be held, and so opened, again.</summary>
    public void CloseAll()
    {
        lock (_lock)
        {
            while (_heapCount > 0) Retire(_heap[0]);
        }

        CloseRetired();
    }

    internal void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        CloseAll();

        // What is still in use is closed when its last I/O has completed.
        lock (_lock)
        {
            foreach (IoFile file in _retired) file.Dispose();
            _retired.Clear();
        }
    }

    /// <summary>Opens a file, making room first. The caller publishes it.</summary>
    internal IoFile Open(CachedFile entry, IoOpenOptions options)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);
        CloseRetired();
        Reserve();
        try
        {
            while (true)
            {
                try
                {
                    return _system.FileSystem.Open(entry.Path, options);
                }
                catch (AioException failure) when (failure.Errno is Errno.EMFILE or Errno.ENFILE && TryMakeRoom())
                {
                    // Somebody else in the process, or on the machine, has them: with fewer of ours there is room again.
                }
            }
        }
        catch
        {
            lock (_lock) _openCount--;
            throw;
        }
    }

    /// <summary>Enters an opened file among those that can be found, and closed.</summary>
    internal void Publish(CachedFile entry, IoFile file)
    {
        lock (_lock)
        {
            entry.SetFile(file);
            _now++;
            _openedCount++;
            entry.MarkUsed();
            Push(entry);
        }
    }

    internal void Close(CachedFile entry)
    {
        lock (_lock)
        {
            if (entry.HeapIndex >= 0) Retire(entry);
        }

        CloseRetired();
    }

    /// <summary>
    /// Holds a file if it is open, while nobody is deciding whether it is in use: it is there, or it is gone. Having waited for the
    /// decision is not enough, because the next one may have taken the file away for a moment, and it would then be opened and entered
    /// twice.
    /// </summary>
    internal bool TryHoldDecided(CachedFile entry, int stripe, [NotNullWhen(true)] out IoFile? file)
    {
        lock (_lock) return entry.TryHold(stripe, out file);
    }

    private void CloseRetired()
    {
        if (Volatile.Read(ref _retiredCount) == 0) return;
        List<IoFile> idle = [];
        lock (_lock)
        {
            for (int index = _retired.Count - 1; index >= 0; index--)
            {
                if (_retired[index].IsHeld) continue;
                idle.Add(_retired[index]);
                _retired.RemoveAt(index);
            }

            _retiredCount = _retired.Count;
        }

        foreach (IoFile file in idle) file.Dispose();
    }

    // Under the lock.
    private void Retire(CachedFile entry)
    {
        IoFile? file = entry.TakeFile(alsoHeld: true);
        RemoveFromHeap(entry);
        if (file is null) return;
        _retired.Add(file);
        _retiredCount = _retired.Count;
    }

    private void Reserve()
    {
        while (true)
        {
            IoFile? victim = null;
            lock (_lock)
            {
                if (_openCount >= FilesMax) victim = TakeOldest();
                if (victim is null)
                {
                    if (_openCount >= FilesMax) _exceededCount++;
                    _openCount++;
                    return;
                }
            }

            // Outside of the lock: closing may take long.
            victim.Dispose();
        }
    }

    /// <summary>Closes the file that was used least recently, so that somebody else can have its descriptor. False when all are in
    /// use.</summary>
    internal bool TryMakeRoom()
    {
        IoFile? victim;
        lock (_lock) victim = TakeOldest();
        victim?.Dispose();
        return victim is not null;
    }

    // Under the lock. Each round either takes one, or puts one that was used, or is in use, further back.
    private IoFile? TakeOldest()
    {
        for (int round = 2 * _heapCount; round > 0; round--)
        {
            CachedFile oldest = _heap[0];
            if (oldest.LastUse == oldest.ListedUse)
            {
                if (oldest.TakeFile(alsoHeld: false) is { } file)
                {
                    _closedCount++;
                    RemoveFromHeap(oldest);
                    return file;
                }

                // In use is used now; the clock moves, so that it stands behind all others.
                _now++;
                oldest.MarkUsed();
            }

            oldest.ListedUse = oldest.LastUse;
            SiftDown(0);
        }

        return null;
    }

    private void RemoveFromHeap(CachedFile entry)
    {
        int index = entry.HeapIndex;
        entry.HeapIndex = -1;
        _openCount--;
        CachedFile last = _heap[--_heapCount];
        _heap[_heapCount] = null!;
        if (index == _heapCount) return;
        Place(last, index);
        SiftDown(index);
        SiftUp(index);
    }

    private void Push(CachedFile entry)
    {
        if (_heapCount == _heap.Length) Array.Resize(ref _heap, _heap.Length * 2);
        entry.ListedUse = entry.LastUse;
        Place(entry, _heapCount);
        SiftUp(_heapCount++);
    }

    private void Place(CachedFile entry, int index)
    {
        _heap[index] = entry;
        entry.HeapIndex = index;
    }

    private void SiftUp(int index)
    {
        CachedFile entry = _heap[index];
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (_heap[parent].ListedUse <= entry.ListedUse) break;
            Place(_heap[parent], index);
            index = parent;
        }

        Place(entry, index);
    }

    private void SiftDown(int index)
    {
        CachedFile entry = _heap[index];
        while (true)
        {
            int child = (2 * index) + 1;
            if (child >= _heapCount) break;
            if (child + 1 < _heapCount && _heap[child + 1].ListedUse < _heap[child].ListedUse) child++;
            if (_heap[child].ListedUse >= entry.ListedUse) break;
            Place(_heap[child], index);
            index = child;
        }

        Place(entry, index);
    }
}
