using System.Runtime.CompilerServices;

namespace Sluice.Tool.Bench;

/// <summary>
/// Where the next block is, block-aligned: at random by a seeded xorshift, or one after the other, from the start again at the end.
/// </summary>
internal sealed class BlockOffsets
{
    private readonly long _blocks;
    private readonly int _blockBytes;
    private readonly StrongBox<long>? _counter;
    private ulong _state;

    private BlockOffsets(long rangeBytes, int blockBytes, ulong state, StrongBox<long>? counter)
    {
        _blockBytes = blockBytes;
        _blocks = rangeBytes / blockBytes;
        _state = state;
        _counter = counter;
        ArgumentOutOfRangeException.ThrowIfLessThan(_blocks, 1, nameof(rangeBytes));
    }

    /// <summary>Random places; the same seed gives the same places. One flow.</summary>
    internal static BlockOffsets Random(long rangeBytes, int blockBytes, int seed) =>
        new(rangeBytes, blockBytes, (ulong)(seed + 1) * 0x9E3779B97F4A7C15, counter: null);

    /// <summary>One block after the other. Those who share a counter share the order; any number of flows.</summary>
    internal static BlockOffsets Sequential(long rangeBytes, int blockBytes, StrongBox<long> counter) =>
        new(rangeBytes, blockBytes, 0, counter);

    /// <summary>The next offset in bytes.</summary>
    internal long Next()
    {
        if (_counter is not null) return (Interlocked.Increment(ref _counter.Value) - 1) % _blocks * _blockBytes;
        ulong state = _state;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        _state = state;
        return (long)Math.BigMul(state, (ulong)_blocks, out _) * _blockBytes;
    }
}
