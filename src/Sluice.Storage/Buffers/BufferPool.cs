namespace Sluice.Storage;

/// <summary>
/// The pages of a data directory that are in memory: found, pinned, read and written through sessions. Any thread.
/// </summary>
/// <remarks>
/// <para>Where things are: <see cref="BufferFrames"/> has the memory and the state words with their invariants, <see cref="BufferMapping"/>
/// finds a page, <see cref="VictimFinder"/> makes room, <see cref="WaitTable"/> knows who waits. All I/O belongs to a session, which is one
/// flow's; its completion belongs to whoever reaps it.</para>
/// <para>What a hit costs: two cache lines and two interlocked operations, on words that only users of the same page touch.</para>
/// </remarks>
public sealed partial class BufferPool : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<BufferSession> _sessions = [];
    private readonly IoCounters _retired = new();
    private readonly StorageMeter _meter;
    private long _retiredAllocations;
    private int _pinShare;
    private bool _isDisposed;

    internal ClockSweep Clock;

    /// <summary>Makes the pool; takes its memory.</summary>
    /// <param name="storage">The relations whose pages it has. Disposed after the pool.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">The options contradict themselves; the message has one line per mistake.</exception>
    public BufferPool(StorageManager storage, BufferPoolOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(storage);
        Options = options ?? new BufferPoolOptions();
        IReadOnlyList<string> mistakes = Options.Validate();
        if (mistakes.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, mistakes), nameof(options));
        Storage = storage;
        System = storage.System;
        Frames = new BufferFrames(this, System, Options.BufferCount, isLocal: false, Options.RegisterMemory);
        Mapping = new BufferMapping(Frames);
        _pinShare = Frames.Count;
        _meter = new StorageMeter(this);
    }

    /// <summary>
    /// Raised for what whoever runs the system should know: each bad page and each failed I/O, by whichever thread completes it (the origin
    /// is empty then). Handlers must be quick and must not throw.
    /// </summary>
    public event Action<StorageWarning>? Warning;

    /// <summary>The relations.</summary>
    public StorageManager Storage { get; }

    /// <summary>The system that does the I/O.</summary>
    public AioSystem System { get; }

    /// <summary>How it was made. Not to be changed.</summary>
    public BufferPoolOptions Options { get; }

    /// <summary>How many pages it holds.</summary>
    public int BufferCount => Frames.Count;

    /// <summary>
    /// How many pages one session should keep pinned at most, so that there is something left for all: it shrinks as sessions come.
    /// </summary>
    public int PinShare => Volatile.Read(ref _pinShare);

    internal BufferFrames Frames { get; }

    internal BufferMapping Mapping { get; }

    /// <summary>Makes a user of the pool. Any thread.</summary>
    /// <param name="name">Its name, for people.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="InvalidOperationException">There are as many contexts as the system allows (<see cref="AioSystemOptions.ContextsMax"/>).</exception>
    public BufferSession CreateSession(string name = "session", BufferSessionOptions? options = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        options ??= new BufferSessionOptions();
        BufferSession session = new(this, name, options)
        {
            ZeroDamagedPages = options.ZeroDamagedPages,
            IgnoreChecksumFailures = options.IgnoreChecksumFailures,
        };
        lock (_lock)
        {
            _sessions.Add(session);
            ShareOut();
        }

        return session;
    }

    /// <summary>
    /// Frees the memory. Sessions are disposed before; dirty pages are lost, so whoever wants them writes them before.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are sessions still.</exception>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            StorageInvariant.Check(_sessions.Count == 0, "A buffer pool was disposed before its sessions.");
            _isDisposed = true;
        }

        _meter.Dispose();
        Mapping.Dispose();
        Frames.Dispose();
    }

    internal void Remove(BufferSession session)
    {
        lock (_lock)
        {
            if (!_sessions.Remove(session)) return;
            session.Counters.AddTo(_retired);
            _retiredAllocations += session.Allocations;
            ShareOut();
        }
    }

    internal void Warn(string message, string origin)
    {
        try
        {
            Warning?.Invoke(new StorageWarning(message, origin));
        }
        catch (Exception)
        {
            // The rule is that handlers do not throw; a completing thread must go on whatever they do.
        }
    }

    // A quarter is left for pins that nobody plans: single reads, writers, the search for victims.
    private void ShareOut() => Volatile.Write(ref _pinShare, Math.Max(1, (int)(Frames.Count * 3L / 4 / Math.Max(1, _sessions.Count))));
}
