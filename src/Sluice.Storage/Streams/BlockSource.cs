namespace Sluice.Storage;

/// <summary>
/// Gives a read stream its blocks, in the order in which the consumer wants them. Asked ahead of the consumer, by the flow that pulls the
/// stream.
/// </summary>
/// <remarks>
/// It must not block, and must not wait for other flows: it may be asked while reads are staged that nobody has submitted yet. It may read
/// its own memory, compute, and call <see cref="ReadStream.Pause"/>.
/// </remarks>
public abstract class BlockSource
{
    /// <summary>The next block.</summary>
    /// <param name="stream">The stream that asks; to pause it.</param>
    /// <param name="data">
    /// What the source wants to say about the block, for the consumer to read beside the page. As long as
    /// <see cref="ReadStreamOptions.DataBytes"/>; what it holds before is undefined.
    /// </param>
    /// <returns>Its number; <see cref="BlockNumbers.Invalid"/> when there are no more, or none until the stream is resumed.</returns>
    public abstract uint Next(ReadStream stream, Span<byte> data);

    /// <summary>Contiguous blocks, upwards.</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many.</param>
    public static BlockSource Range(uint first, uint count) => new RangeSource(first, first + count, isDescending: false);

    /// <summary>Contiguous blocks, downwards: the last comes first.</summary>
    /// <param name="first">The lowest.</param>
    /// <param name="count">How many.</param>
    public static BlockSource Backwards(uint first, uint count) => new RangeSource(first, first + count, isDescending: true);

    /// <summary>Any blocks in any order; a block may come more than once.</summary>
    /// <param name="blocks">The blocks. Not copied: they must not change while the stream is read.</param>
    public static BlockSource List(ReadOnlyMemory<uint> blocks) => new ListSource(blocks);

    /// <summary>Every k-th block of a range, upwards: what a sparse bitmap scan looks like.</summary>
    /// <param name="first">The first.</param>
    /// <param name="end">The block after the last that may be given.</param>
    /// <param name="step">How far apart; at least 1.</param>
    public static BlockSource EveryNth(uint first, uint end, uint step)
    {
        ArgumentOutOfRangeException.ThrowIfZero(step);
        return new StepSource(first, end, step);
    }

    /// <summary>Whatever a function gives.</summary>
    /// <param name="next">The next block; <see cref="BlockNumbers.Invalid"/> when there are no more.</param>
    public static BlockSource From(Func<uint> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return new FunctionSource(next);
    }

    private sealed class RangeSource(uint first, uint end, bool isDescending) : BlockSource
    {
        private uint _first = first;
        private uint _end = end;

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (_first >= _end) return BlockNumbers.Invalid;
            return isDescending ? --_end : _first++;
        }
    }

    private sealed class ListSource(ReadOnlyMemory<uint> blocks) : BlockSource
    {
        private int _next;

        public override uint Next(ReadStream stream, Span<byte> data) => _next < blocks.Length
            ? blocks.Span[_next++]
            : BlockNumbers.Invalid;
    }

    private sealed class StepSource(uint first, uint end, uint step) : BlockSource
    {
        private ulong _next = first;

        public override uint Next(ReadStream stream, Span<byte> data)
        {
            if (_next >= end) return BlockNumbers.Invalid;
            uint block = (uint)_next;
            _next += step;
            return block;
        }
    }

    private sealed class FunctionSource(Func<uint> next) : BlockSource
    {
        public override uint Next(ReadStream stream, Span<byte> data) => next();
    }
}
