using System.Globalization;

namespace Sluice.Storage;

/// <summary>
/// What became of a read of blocks, in blocks: the storage manager's own callback, below those of the buffers. An errno stays what
/// it is; a short read is partial by whole blocks, which whoever asked reads on from; a read of less than one block is an error,
/// because the file ends there although a block should be.
/// </summary>
[AioCallback("relation read")]
public static partial class RelationRead
{
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        if (prior.Status == AioStatus.Error) return prior;
        int blocks = prior.Value / StorageLimits.PageBytes;
        if (blocks == 0) return prior.JudgedBy(Id, AioStatus.Error, 0, Shortfall.Pack(prior.Value, handle.LengthBytes));
        return prior.JudgedBy(
            Id, prior.Value < handle.LengthBytes
            ? AioStatus.Partial
            : AioStatus.Ok, blocks, Shortfall.Pack(prior.Value, handle.LengthBytes));
    }

    private static string Report(AioResult result, AioTargetData target)
    {
        if (result.Status == AioStatus.Ok) return "done";
        (long doneBytes, long wantedBytes) = Shortfall.Unpack(result.Detail);
        string text = string.Create(CultureInfo.InvariantCulture, $"read only {doneBytes} of {wantedBytes} bytes");
        return result.Status == AioStatus.Partial
            ? text
            : $"{text}; the file ends before the block does: it was cut off, or the block number is wrong";
    }
}
