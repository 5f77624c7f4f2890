using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>
/// A page that is kept in memory for one flow, until it is released, once. A small value; copies mean the same pin.
/// </summary>
public readonly struct BufferPin : IDisposable, IEquatable<BufferPin>
{
    private readonly BufferSession? _session;

    // Buffers of the pool by their number; those of the session's temporary pages by the complement of theirs.
    private readonly int _index;

    internal BufferPin(BufferSession session, int index)
    {
        _session = session;
        _index = index;
    }

    /// <summary>Whether it is a pin at all; false for the default value.</summary>
    public bool HasPage => _session is not null;

    /// <summary>The buffer's number within the pool; negative for a temporary page.</summary>
    public int BufferIndex => _index;

    /// <summary>The session whose pin it is; null for the default value.</summary>
    public BufferSession? Session => _session;

    /// <summary>
    /// The page's bytes, 8 KiB. To look at under a lock, unless nobody else can change it; to change under an exclusive one.
    /// </summary>
    public unsafe Span<byte> Page
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_session!.PageAddress(_index), StorageLimits.PageBytes);
    }

    /// <summary>Which page it is.</summary>
    public PageTag Tag => Frames.TagOf(SlotOf(_index));

    /// <summary>The page's block number.</summary>
    public uint BlockNumber => Tag.BlockNumber;

    /// <summary>Whether the page is there: it was read, or made. May be stale when read, but not while an exclusive lock is held.</summary>
    public bool IsValid => (Frames.ReadState(SlotOf(_index)) & BufferState.Valid) != 0;

    /// <summary>Whether the page has to be written. May be stale when read.</summary>
    public bool IsDirty => (Frames.ReadState(SlotOf(_index)) & BufferState.Dirty) != 0;

    internal BufferFrames Frames => _session!.FramesOf(_index);

    internal int Slot => SlotOf(_index);

    /// <summary>Marks the page as one to be written. Under an exclusive lock; for hints, that may be lost, a share-exclusive one will do.</summary>
    /// <exception cref="InvalidOperationException">Nobody holds such a lock.</exception>
    public void MarkDirty() => Frames.MarkDirty(SlotOf(_index));

    /// <summary>
    /// Locks the content. Blocks; submits what the session staged before it does. Not on a loop, whose other flows could not let go:
    /// <see cref="LockAsync"/> there. A flow that holds a lock of the page must not ask for another one.
    /// </summary>
    /// <param name="mode">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled; the lock is not held.</exception>
    public void Lock(ContentLockMode mode, CancellationToken cancellationToken = default)
    {
        BufferFrames frames = Frames;
        if (!frames.IsLocal && !frames.TryLock(SlotOf(_index), mode)) _session!.LockContent(SlotOf(_index), mode, cancellationToken);
    }

    /// <summary>Locks the content if that needs no wait.</summary>
    /// <param name="mode">How.</param>
    public bool TryLock(ContentLockMode mode)
    {
        BufferFrames frames = Frames;
        return frames.IsLocal || frames.TryLock(SlotOf(_index), mode);
    }

    /// <summary>Locks the content; submits what the session staged before it waits. Await it once.</summary>
    /// <param name="mode">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True, when the lock is held.</returns>
    /// <exception cref="OperationCanceledException">When awaited: the wait was cancelled; the lock is not held.</exception>
    public ValueTask<bool> LockAsync(ContentLockMode mode, CancellationToken cancellationToken = default)
    {
        BufferFrames frames = Frames;
        if (frames.IsLocal || frames.TryLock(SlotOf(_index), mode)) return new ValueTask<bool>(true);
        return _session!.LockContentAsync(SlotOf(_index), mode, cancellationToken);
    }

    /// <summary>Gives a lock back. Any thread, by the flow that holds it.</summary>
    /// <param name="mode">How it was locked.</param>
    /// <exception cref="InvalidOperationException">Nobody holds such a lock.</exception>
    public void Unlock(ContentLockMode mode)
    {
        BufferFrames frames = Frames;
        if (!frames.IsLocal) frames.Unlock(SlotOf(_index), mode);
    }

    /// <summary>Releases the pin. The page's bytes must not be touched afterwards, and locks are given back before.</summary>
    /// <exception cref="InvalidOperationException">It was released before.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release() => _session?.Release(_index);

    /// <summary>As <see cref="Release"/>, for <c>using</c>; does nothing for the default value.</summary>
    public void Dispose() => Release();

    /// <inheritdoc/>
    public bool Equals(BufferPin other) => ReferenceEquals(_session, other._session) && _index == other._index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BufferPin other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_session, _index);

    /// <summary>Whether both mean the same buffer for the same session.</summary>
    public static bool operator ==(BufferPin left, BufferPin right) => left.Equals(right);

    /// <summary>Whether they mean different ones.</summary>
    public static bool operator !=(BufferPin left, BufferPin right) => !left.Equals(right);

    private static int SlotOf(int index) => index < 0 ? ~index : index;
}
