namespace Sluice;

/// <summary>A thread that blocks for one I/O. One per thread, used again unless it had to be abandoned in a list.</summary>
internal sealed class BlockingWaiter : Waiter
{
    [ThreadStatic]
    private static BlockingWaiter? t_cached;

    private readonly Sleeper _sleeper = new();

    /// <summary>The context this thread drives while it waits, blocked in the method; null otherwise.</summary>
    internal AioContext? Drives { get; set; }

    /// <summary>Whether the thread, when it last looked, could have driven the context for its I/O had nobody else done so.</summary>
    internal bool CanDrive { get; set; }

    /// <summary>A waiter for the calling thread.</summary>
    internal static BlockingWaiter Rent()
    {
        BlockingWaiter waiter = t_cached ?? new BlockingWaiter();
        t_cached = null;
        waiter.Rearm();
        return waiter;
    }

    /// <summary>Keeps the waiter for the thread's next wait. Not for an abandoned one.</summary>
    internal static void Return(BlockingWaiter waiter) => t_cached = waiter;

    /// <summary>Makes the thread look again: it may have to take the lead, or its wait was cancelled.</summary>
    internal void Nudge() => _sleeper.Wake();

    internal void Sleep(int timeoutMilliseconds) => _sleeper.Sleep(timeoutMilliseconds);

    protected override void OnSignalled()
    {
        _sleeper.Wake();

        // Pairs with the fence between setting Drives and looking whether the signal is there.
        Interlocked.MemoryBarrier();
        Drives?.WakeDriver();
    }
}
