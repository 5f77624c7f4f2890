using System.Runtime.CompilerServices;
using Sluice.Methods;

namespace Sluice;

/// <summary>
/// An open file as handles and methods use it: a descriptor of the operating system (<see cref="OsFile"/>), or whatever an
/// io_method brings. Any thread.
/// </summary>
/// <remarks>
/// <para>Lifetime. Every I/O holds its file from the moment it is staged until its completion was delivered, so that a
/// descriptor is never closed, and its number never used again, under an I/O. <see cref="Dispose"/> refuses new I/O at once;
/// the file is closed when the last hold is released, by whoever releases it.</para>
/// <para>Holds are counted in stripes, one cache line each, so that issuers do not share a line. Invariants:
/// (a) a hold that saw "not closing" after its increment is counted before any sum that decides to close (both sides are full
/// fences: the increment in <see cref="TryHold"/> pairs with the exchange in <see cref="Dispose"/>); (b) a hold is released on the
/// stripe it was taken on; (c) whoever releases while closing sums again (the decrement pairs with the same exchange), so the
/// last one sees zero; (d) one compare-exchange elects who closes.</para>
/// </remarks>
public abstract class IoFile : IDisposable
{
    // 128 bytes: two cache lines, because adjacent lines are fetched together.
    private const int StripeInts = 32;
    private static readonly int s_stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2(
        (uint)Math.Clamp(Environment.ProcessorCount, 1, 16));

    private readonly int[] _holds = new int[s_stripes * StripeInts];
    private readonly Lock _ownersLock = new();
    private Action<IoFile>[] _closingHooks = [];
    private Action<IoFile>[] _closedHooks = [];
    private int _closing;
    private int _closed;
    private int _poisonErrno;

    /// <summary>Makes the file.</summary>
    /// <param name="path">The path it was opened by, for descriptions.</param>
    /// <param name="access">What it was opened for.</param>
    protected IoFile(string path, IoAccess access)
    {
        Path = path;
        Access = access;
    }

    /// <summary>The path it was opened by; for descriptions, since files can be renamed.</summary>
    public string Path { get; }

    /// <summary>What it was opened for.</summary>
    public IoAccess Access { get; }

    /// <summary>What the file can do; constant while it is open.</summary>
    public abstract IoFileCapabilities Capabilities { get; }

    /// <summary>Whether it refuses new I/O because it was disposed.</summary>
    public bool IsClosed => Volatile.Read(ref _closing) != 0;

    /// <summary>
    /// Whether making data durable failed once. From then on every wait on the file fails: the system may have dropped the data
    /// and forgotten the error, so no later success can be believed. Reopen and recover.
    /// </summary>
    public bool IsPoisoned => Volatile.Read(ref _poisonErrno) != 0;

    /// <summary>The error number that poisoned the file; 0 while it is sound.</summary>
    public int PoisonErrno => Volatile.Read(ref _poisonErrno);

    /// <summary>
    /// Executes a request now, on the calling thread, which may block. Retries EINTR; does not retry a short transfer.
    /// </summary>
    /// <param name="request">The request; its file is this one.</param>
    /// <returns>Bytes or 0, or a negative errno.</returns>
    public abstract IoOutcome Execute(IoRequest request);

    /// <summary>Executes a read now if that needs no waiting for a device.</summary>
    /// <param name="request">The request; its file is this one.</param>
    /// <param name="outcome">What became of it, when it was executed. May be short: the rest would have needed waiting.</param>
    /// <returns>False when it would have to wait, or nobody can tell: nothing was done.</returns>
    public virtual bool TryExecuteWithoutBlocking(IoRequest request, out IoOutcome outcome)
    {
        outcome = default;
        return false;
    }

    /// <summary>The file's length in bytes now. May block.</summary>
    /// <exception cref="AioException">It cannot be told.</exception>
    public abstract long GetLength();

    /// <summary>Cuts the file off or extends it with zeros. Not durable before a flush. May block.</summary>
    /// <param name="lengthBytes">The new length.</param>
    /// <exception cref="AioException">It cannot be done.</exception>
    public abstract void SetLength(long lengthBytes);

    /// <summary>Marks the file as one whose durability can no longer be believed. The first errno stays.</summary>
    /// <param name="errno">The error number of the failed flush; positive.</param>
    public void Poison(int errno) => Interlocked.CompareExchange(ref _poisonErrno, errno == 0 ? Errno.EIO : errno, 0);

    /// <summary>Keeps the file open until <see cref="ReleaseHold"/>. Does not block.</summary>
    /// <param name="stripe">Any number that spreads issuers, such as a context's; the same at release.</param>
    /// <returns>False when the file was disposed.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryHold(int stripe)
    {
        Interlocked.Increment(ref HoldOf(stripe));
        if (Volatile.Read(ref _closing) == 0) return true;
        ReleaseHold(stripe);
        return false;
    }

    /// <summary>Ends what <see cref="TryHold"/> began. The last one closes a disposed file.</summary>
    /// <param name="stripe">As it was given to <see cref="TryHold"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReleaseHold(int stripe)
    {
        Interlocked.Decrement(ref HoldOf(stripe));
        if (Volatile.Read(ref _closing) != 0) TryFinishClosing();
    }

    /// <summary>Refuses new I/O; the file is closed when what is in flight on it has completed. Does not wait for that.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closing, 1) == 0) TryFinishClosing();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Whether anybody holds it: an I/O is staged or in flight, or a caller keeps it open. May be stale when read; for whoever picks
    /// a file to close and would rather take one that is idle.
    /// </summary>
    public bool IsHeld => CountHolds() != 0;

    /// <summary>Whether it is really closed: nothing was in flight any more.</summary>
    public bool IsReleased => Volatile.Read(ref _closed) != 0;

    /// <summary>
    /// Releases what the file stands on. Called once, when nothing is in flight. May be called by a reaping thread: does not throw.
    /// </summary>
    protected abstract void CloseCore();

    /// <summary>Adds an action to run just before <see cref="CloseCore"/>, once per action however often it is added.</summary>
    internal void AddClosingHook(Action<IoFile> hook)
    {
        lock (_ownersLock)
        {
            if (Array.IndexOf(_closingHooks, hook) < 0) Volatile.Write(ref _closingHooks, [.. _closingHooks, hook]);
        }
    }

    /// <summary>Adds an action to run after <see cref="CloseCore"/>: the file, its lock and its descriptor are gone then.</summary>
    internal void AddClosedHook(Action<IoFile> hook)
    {
        lock (_ownersLock) Volatile.Write(ref _closedHooks, [.. _closedHooks, hook]);
    }

    /// <summary>Takes an action back that <see cref="AddClosingHook"/> added.</summary>
    internal void RemoveClosingHook(Action<IoFile> hook)
    {
        lock (_ownersLock)
        {
            Volatile.Write(ref _closingHooks, [.. _closingHooks.Where(other => other != hook)]);
        }
    }

    /// <summary>The one system whose I/O used the file most recently; a hint that saves looking through the hooks for each I/O.</summary>
    internal object? LastUser;

    private ref int HoldOf(int stripe) => ref _holds[(stripe & (s_stripes - 1)) * StripeInts];

    /// <summary>How many holds there are; exact when nobody takes or releases one meanwhile.</summary>
    internal int CountHolds()
    {
        int count = 0;
        for (int stripe = 0; stripe < s_stripes; stripe++) count += Volatile.Read(ref HoldOf(stripe));
        return count;
    }

    private void TryFinishClosing()
    {
        for (int stripe = 0; stripe < s_stripes; stripe++)
        {
            if (Volatile.Read(ref HoldOf(stripe)) != 0) return;
        }

        if (Interlocked.CompareExchange(ref _closed, 1, 0) != 0) return;
        try
        {
            foreach (Action<IoFile> hook in Volatile.Read(ref _closingHooks)) hook(this);
        }
        finally
        {
            CloseCore();
            foreach (Action<IoFile> hook in Volatile.Read(ref _closedHooks)) hook(this);
        }
    }
}
