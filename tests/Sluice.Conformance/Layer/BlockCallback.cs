using Sluice.Conformance.Support;

namespace Sluice.Conformance.Layer;

/// <summary>
/// Plays the storage manager: bytes become blocks, less than all of them is partial, none is an error. Then plays the layer that checks
/// pages: a block whose first word is not the pattern's is invalid.
/// </summary>
[AioCallback("blocks")]
public static unsafe partial class BlockCallback
{
    private const ulong ReadNothing = 1UL << 32;
    private const ulong Invalid = 2UL << 32;

    /// <summary>Registered with this byte it looks at the content as well.</summary>
    public const byte Verify = 1;

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        if (prior.Status == AioStatus.Error) return prior;
        int wanted = (int)(handle.LengthBytes / Pattern.BlockBytes);
        int done = prior.Value / Pattern.BlockBytes;
        if (done == 0) return prior.JudgedBy(Id, AioStatus.Error, 0, ReadNothing);
        if (data == Verify && FindInvalid(handle, done) is int invalid and >= 0)
        {
            return prior.JudgedBy(Id, AioStatus.Error, 0, Invalid | (uint)invalid);
        }

        return prior.JudgedBy(Id, done < wanted ? AioStatus.Partial : AioStatus.Ok, done);
    }

    private static string Report(AioResult result, AioTargetData target) =>
        (result.Detail & Invalid) != 0 ? $"invalid block {(uint)result.Detail} in {target.Describe()}"
        : (result.Detail & ReadNothing) != 0 ? $"could not read {target.Describe()}: read only 0 of {Pattern.BlockBytes} bytes"
        : $"{result.Value} blocks of {target.Describe()}";

    // The suite gives one vector per block.
    private static int FindInvalid(AioHandle handle, int done)
    {
        int first = (int)(handle.OffsetBytes / Pattern.BlockBytes);
        for (int index = 0; index < done; index++)
        {
            ulong word = *(ulong*)handle.Vectors[index].Address;
            if (word != Pattern.WordAt((long)(first + index) * Pattern.BlockBytes, 0)) return first + index;
        }

        return -1;
    }
}
