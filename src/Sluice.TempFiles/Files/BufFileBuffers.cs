namespace Sluice.TempFiles;

/// <summary>
/// Buffers of one length, each with a transfer: what a reader and a writer go round. Belongs to the flow that uses the context.
/// </summary>
internal sealed class BufFileBuffers : IDisposable
{
    internal const int DepthMax = 256;

    private readonly BufferArena _arena;
    private readonly AioBuffer[] _buffers;
    private readonly BufFileTransfer[] _transfers;

    /// <summary>Makes the buffers.</summary>
    /// <param name="context">Through which their I/O goes.</param>
    /// <param name="bufferBytes">The length of each; a multiple of 4096.</param>
    /// <param name="depth">How many; at most <see cref="DepthMax"/>.</param>
    internal BufFileBuffers(AioContext context, int bufferBytes, int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, BufFile.AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(bufferBytes % BufFile.AlignmentBytes, 0, nameof(bufferBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, DepthMax);
        _arena = context.System.CreateArena(bufferBytes, depth);
        _buffers = new AioBuffer[depth];
        _transfers = new BufFileTransfer[depth];
        for (int index = 0; index < depth; index++)
        {
            _buffers[index] = _arena.Rent();
            _transfers[index] = new BufFileTransfer(context);
        }
    }

    /// <summary>How many there are.</summary>
    internal int Depth => _transfers.Length;

    /// <summary>The transfers, one for each buffer.</summary>
    internal ReadOnlySpan<BufFileTransfer> Transfers => _transfers;

    /// <summary>Where a buffer is.</summary>
    internal nint AddressOf(int slot) => _buffers[slot].Address;

    /// <summary>Waits for what is on its way, without throwing for what failed.</summary>
    internal void Quiesce()
    {
        foreach (BufFileTransfer transfer in _transfers) transfer.Quiesce();
    }

    /// <summary>Waits for what is on its way and frees the buffers.</summary>
    public void Dispose()
    {
        Quiesce();
        foreach (AioBuffer buffer in _buffers) buffer.Return();
        _arena.Dispose();
    }
}
