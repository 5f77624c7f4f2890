using Sluice.Conformance.Support;

namespace Sluice.Conformance.Layer;

/// <summary>The issuer's side of the suite's layer: starting I/O of whole blocks, and reading to the end whatever comes short.</summary>
public static class Blocks
{
    /// <summary>Starts a read of blocks on an acquired handle, one vector per block, with the block callback.</summary>
    public static WaitReference StartRead(
        AioHandle handle, IoFile file, int block, int count, NativeBlock memory, int memoryBlock = 0, byte data = 0)
    {
        WaitReference reference = handle.Reference;
        handle.RegisterCallback(BlockCallback.Id, data);
        SetVectors(handle, count, memory, memoryBlock);
        new BlockTarget(block, count).StartRead(handle, file, (long)block * Pattern.BlockBytes);
        return reference;
    }

    /// <summary>Acquires, and starts a plain read of one block: the result counts bytes.</summary>
    public static WaitReference Read(
        AioContext context, IoFile file, int block, NativeBlock memory, int memoryBlock = 0, AioReturn? place = null)
    {
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        new BlockTarget(block, 1).StartRead(handle, file, (long)block * Pattern.BlockBytes, memory.Block(memoryBlock));
        return reference;
    }

    /// <summary>Acquires, and starts a write of one block.</summary>
    public static WaitReference Write(
        AioContext context,
        IoFile file,
        int block,
        NativeBlock memory,
        int memoryBlock = 0,
        AioReturn? place = null,
        AioDurability durability = AioDurability.None)
    {
        AioHandle handle = context.Acquire(place);
        WaitReference reference = handle.Reference;
        new BlockTarget(block, 1).StartWrite(handle, file, (long)block * Pattern.BlockBytes, memory.Block(memoryBlock), durability);
        return reference;
    }

    /// <summary>
    /// Reads blocks as a buffer manager does: waits, looks at the result, reissues what was not read, throws what failed.
    /// </summary>
    /// <returns>How many I/Os it took.</returns>
    public static int ReadToTheEnd(
        AioContext context, IoFile file, int block, int count, NativeBlock memory, byte data = BlockCallback.Verify)
    {
        AioReturn place = new();
        int done = 0;
        int operations = 0;
        while (done < count)
        {
            context.Wait(StartRead(context.Acquire(place), file, block + done, count - done, memory, done, data));
            operations++;
            place.ThrowIfFailed();
            done += place.Result.Value;
        }

        return operations;
    }

    private static void SetVectors(AioHandle handle, int count, NativeBlock memory, int memoryBlock)
    {
        Span<IoVector> vectors = stackalloc IoVector[count];
        for (int index = 0; index < count; index++) vectors[index] = memory.Block(memoryBlock + index);
        handle.SetVectors(vectors);
    }
}
