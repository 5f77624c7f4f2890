namespace Sluice.Storage;

/// <summary>Where the search for victims has come, and how many it found: what a background writer paces itself by.</summary>
/// <param name="Ticks">Buffers the hand passed since the start; modulo the number of buffers, where it stands.</param>
/// <param name="Allocations">Buffers that were given to pages since the start.</param>
/// <param name="BufferCount">How many buffers there are.</param>
public readonly record struct ClockPosition(long Ticks, long Allocations, int BufferCount)
{
    /// <summary>The buffer that the hand looks at next.</summary>
    public int NextBuffer => (int)(Ticks % BufferCount);

    /// <summary>How often the hand passed all buffers.</summary>
    public long CompletePasses => Ticks / BufferCount;
}
