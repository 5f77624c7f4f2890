using System.Buffers;
using System.Runtime.InteropServices;

namespace Sluice.Tool.Bench.Engines;

/// <summary>Aligned native memory for .NET's own calls: what direct I/O needs, and the same kind that Sluice is measured with.</summary>
internal sealed unsafe class NativeBlocks : IDisposable
{
    private const int AlignmentBytes = 4096;
    private readonly Block[] _blocks;

    internal NativeBlocks(Workload workload, int count)
    {
        _blocks = new Block[count];
        for (int index = 0; index < count; index++)
        {
            _blocks[index] = new Block((byte*)NativeMemory.AlignedAlloc((nuint)workload.BlockBytes, AlignmentBytes), workload.BlockBytes);
            BenchFile.FillRandom(_blocks[index].GetSpan(), seed: index);
        }
    }

    /// <summary>The memory of one operation.</summary>
    internal Memory<byte> this[int index] => _blocks[index].Memory;

    public void Dispose()
    {
        foreach (Block block in _blocks) block.Free();
    }

    private sealed class Block(byte* address, int lengthBytes) : MemoryManager<byte>
    {
        public override Span<byte> GetSpan() => new(address, lengthBytes);

        public override MemoryHandle Pin(int elementIndex = 0) => new(address + elementIndex);

        public override void Unpin()
        {
        }

        internal void Free() => NativeMemory.AlignedFree(address);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
