using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// A file by its identity, open or not: PostgreSQL's virtual file descriptor. Whoever wants to use it holds it, which opens it when
/// the cache had closed it. Any thread.
/// </summary>
/// <remarks>
/// Invariants. (a) <c>_file</c> changes only under the cache's lock; it is written after the file is usable and read without a
/// lock. (b) Who holds a file that stands in <c>_file</c> can go on using it until it releases the hold: a reader takes the hold (a full
/// fence) and then looks whether the file still stands there; the cache takes it away (a full fence) and then looks whether it is
/// held, and puts it back if so. So either the reader sees that it is gone, or the cache sees that it is in use. (c) A reader that
/// finds nothing looks again under the cache's lock, where nobody is deciding, and opens the file under <c>_gate</c>, so that it is opened
/// once however many want it, and never while it is open.
/// (d) A file that failed to become durable stays poisoned, whoever closes and opens it: the mark is carried over, also from files that
/// were closed while in use and are poisoned later by what was in flight on them, however many there are.
/// </remarks>
public sealed class CachedFile
{
    private readonly FileCache _cache;
    private readonly IoOpenOptions _options;
    private readonly Lock _gate = new();
    private IoFile? _file;
    private IoFile[] _predecessors = [];
    private int _poisonErrno;
    private long _lastUse;

    internal CachedFile(FileCache cache, string path, IoOpenOptions options)
    {
        _cache = cache;
        _options = options;
        Path = path;
    }

    /// <summary>The path it is opened by.</summary>
    public string Path { get; }

    /// <summary>Whether it is open now; may be stale when read.</summary>
    public bool IsOpen => Volatile.Read(ref _file) is { IsClosed: false };

    /// <summary>Whether a flush of the file failed once, since the process began to use it.</summary>
    public bool IsPoisoned => PoisonErrno != 0;

    // Where the cache keeps it among the open files, and the use it was ordered by. Under the cache's lock.
    internal int HeapIndex { get; set; } = -1;

    internal long ListedUse { get; set; }

    internal long LastUse => Volatile.Read(ref _lastUse);

    private int PoisonErrno
    {
        get
        {
            int errno = Volatile.Read(ref _poisonErrno);
            if (errno != 0) return errno;
            errno = Volatile.Read(ref _file)?.PoisonErrno ?? 0;
            foreach (IoFile predecessor in Volatile.Read(ref _predecessors))
            {
                if (errno != 0) return errno;
                errno = predecessor.PoisonErrno;
            }

            // One that was forgotten in between left its mark before.
            return errno != 0 ? errno : Volatile.Read(ref _poisonErrno);
        }
    }

    /// <summary>Holds the file if it is open. Does not block, allocates nothing.</summary>
    /// <param name="stripe">Any number that spreads users, such as a context's; the same at release.</param>
    /// <param name="file">The file; <see cref="IoFile.ReleaseHold"/> ends the hold.</param>
    /// <returns>False when it is not open.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHold(int stripe, [NotNullWhen(true)] out IoFile? file)
    {
        file = Volatile.Read(ref _file);
        if (file is null || !file.TryHold(stripe))
        {
            file = null;
            return false;
        }

        // The hold is a full fence; it pairs with the one in TakeFile.
        if (!ReferenceEquals(Volatile.Read(ref _file), file))
        {
            file.ReleaseHold(stripe);
            file = null;
            return false;
        }

        // The clock moves only when files are opened, so that this line is rarely written and stays shared.
        long now = _cache.Now;
        if (_lastUse != now) Volatile.Write(ref _lastUse, now);
        return true;
    }

    /// <summary>Holds the file, opening it if need be, which blocks.</summary>
    /// <param name="stripe">Any number that spreads users; the same at release.</param>
    /// <param name="create">Whether it is made when there is none.</param>
    /// <returns>The file; <see cref="IoFile.ReleaseHold"/> ends the hold.</returns>
    /// <exception cref="AioException">It cannot be opened.</exception>
    public IoFile Hold(int stripe, bool create = false) => TryHold(stripe, out IoFile? file) ? file : OpenAndHold(stripe, create);

    /// <summary>Closes the file as soon as nobody holds it. Holding it from now on opens it again.</summary>
    public void Close() => _cache.Close(this);

    /// <summary>
    /// As <see cref="Close"/>, and not before whoever is just opening it has done so: what is opened after this is what has the name now.
    /// Blocks while it is opened.
    /// </summary>
    internal void CloseOpened()
    {
        lock (_gate) _cache.Close(this);
    }

    /// <summary>What is opened when the cache has no descriptor to spare. The cache does not know it; the caller disposes it.</summary>
    /// <param name="fileSystem">The namespace.</param>
    internal IoFile OpenApart(IoFileSystem fileSystem) => fileSystem.Open(Path, _options);

    /// <summary>Sets the open file. Under the cache's lock.</summary>
    internal void SetFile(IoFile file) => Volatile.Write(ref _file, file);

    /// <summary>
    /// Takes the open file away. Under the cache's lock. Null when somebody holds it and that is not accepted: then it stays.
    /// </summary>
    internal IoFile? TakeFile(bool alsoHeld)
    {
        IoFile? file = _file;
        if (file is null) return null;

        // A full fence; it pairs with the hold in TryHold.
        Interlocked.Exchange(ref _file, null);
        bool isHeld = file.IsHeld;
        if (isHeld && !alsoHeld)
        {
            Volatile.Write(ref _file, file);
            return null;
        }

        RememberPoison(file, isHeld);
        return file;
    }

    // Under the cache's lock. One that is in use may yet be poisoned by what is in flight, and so may any that were closed before it.
    private void RememberPoison(IoFile file, bool isHeld)
    {
        if (_predecessors.Length == 0 && !isHeld)
        {
            if (file.IsPoisoned) Volatile.Write(ref _poisonErrno, file.PoisonErrno);
            return;
        }

        List<IoFile> inUse = [];
        foreach (IoFile predecessor in _predecessors) Remember(predecessor, predecessor.IsHeld);
        Remember(file, isHeld);
        Volatile.Write(ref _predecessors, [.. inUse]);

        // Whether it is held was looked at first: who poisons a file holds it meanwhile.
        void Remember(IoFile closed, bool wasHeld)
        {
            if (closed.IsPoisoned) Volatile.Write(ref _poisonErrno, closed.PoisonErrno);
            else if (wasHeld) inUse.Add(closed);
        }
    }

    internal void MarkUsed() => Volatile.Write(ref _lastUse, _cache.Now);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IoFile OpenAndHold(int stripe, bool create)
    {
        lock (_gate)
        {
            while (true)
            {
                if (_cache.TryHoldDecided(this, stripe, out IoFile? open)) return open;
                IoFile file = _cache.Open(this, create ? _options with { Creation = IoCreation.OpenOrCreate } : _options);
                int errno = PoisonErrno;
                if (errno != 0) file.Poison(errno);

                // Before the cache may close it again.
                bool isHeld = file.TryHold(stripe);
                _cache.Publish(this, file);
                if (isHeld) return file;
            }
        }
    }
}
