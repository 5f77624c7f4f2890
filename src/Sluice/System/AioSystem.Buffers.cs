namespace Sluice;

/// <summary>Buffers that the method knows.</summary>
public sealed partial class AioSystem
{
    private readonly List<BufferArena> _arenas = [];

    /// <summary>
    /// Makes an arena of page-aligned native buffers and registers it with the method when that is of use. Any thread.
    /// </summary>
    /// <param name="bufferBytes">The size of each buffer; rounded up to the page size.</param>
    /// <param name="count">How many.</param>
    /// <param name="register">Whether to register it; a refusal is no error and is counted by the method.</param>
    /// <returns>The arena; the caller disposes it before the system.</returns>
    public BufferArena CreateArena(int bufferBytes, int count, bool register = true)
    {
        ThrowIfDisposed();
        BufferArena arena = new(this, bufferBytes, count, register);
        lock (_methodLock)
        {
            arena.MoveTo(null, _method);
            _arenas.Add(arena);
        }

        return arena;
    }

    internal void Remove(BufferArena arena)
    {
        lock (_methodLock)
        {
            arena.MoveTo(_method, null);
            _arenas.Remove(arena);
        }
    }
}
