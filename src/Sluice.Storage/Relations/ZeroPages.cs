using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// Pages of zeros to write, as many as wanted from a few: one piece of memory, aligned for direct I/O, given again and again.
/// </summary>
internal static unsafe class ZeroPages
{
    private const int Pages = 16;
    private static readonly nint s_address = Allocate();

    /// <summary>Starts writing zeros after the end of a fork.</summary>
    [SkipLocalsInit]
    internal static void StartExtend(Relation relation, AioHandle handle, RelationFork fork, uint block, uint count, bool skipSync)
    {
        Span<IoVector> vectors = stackalloc IoVector[(StorageLimits.CombineBlocksMax / Pages) + 1];
        int used = 0;
        for (uint left = count; left > 0; used++)
        {
            uint run = Math.Min(left, Pages);
            vectors[used] = new IoVector(s_address, (nuint)run * StorageLimits.PageBytes);
            left -= run;
        }

        relation.StartExtend(handle, fork, block, vectors[..used], skipSync);
    }

    private static nint Allocate()
    {
        const int bytes = Pages * StorageLimits.PageBytes;
        void* memory = NativeMemory.AlignedAlloc(bytes, 4096);
        NativeMemory.Clear(memory, bytes);
        return (nint)memory;
    }
}
