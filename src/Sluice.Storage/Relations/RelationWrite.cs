using System.Globalization;
using Sluice.Methods;

namespace Sluice.Storage;

/// <summary>
/// What became of a write of blocks, in blocks, and what follows from it: the segment has to be synced at the next checkpoint, and an
/// extension made the fork longer. A short write is partial by whole blocks: the block that was begun is written again by whoever
/// asked, and never counts as written.
/// </summary>
/// <remarks>Both are done before the completion is published, so that nobody sees a write whose sync is not yet asked for.</remarks>
[AioCallback("relation write")]
public static partial class RelationWrite
{
    internal const byte NeedsSync = 1;
    internal const byte Extends = 2;

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        AioResult result = Judge(handle, prior);
        if (data == 0 || (result.Status == AioStatus.Error && !result.IsOutcomeUnknown && result.Value == 0)) return result;
        RelationTarget target = handle.Target.As<RelationTarget>();
        Relation? relation = target.Storage?.Find(target.Relation);
        if (relation is null) return result;
        if ((data & NeedsSync) != 0) relation.RegisterSync(target.Fork, target.Segment);
        if ((data & Extends) != 0 && result.Value > 0) relation.RaiseBlockCount(target.Fork, target.Block + (uint)result.Value);
        return result;
    }

    private static AioResult Judge(AioHandle handle, AioResult prior)
    {
        if (prior.Status == AioStatus.Error) return prior.Errno is Errno.ENOSPC or Errno.EDQUOT ? prior.ExplainedBy(Id) : prior;
        if (handle.Operation == IoOperation.Allocate)
        {
            return prior.JudgedBy(Id, AioStatus.Ok, (int)(handle.LengthBytes / StorageLimits.PageBytes));
        }

        int blocks = prior.Value / StorageLimits.PageBytes;
        ulong detail = Shortfall.Pack(prior.Value, handle.LengthBytes);
        if (blocks == 0) return prior.JudgedBy(Id, AioStatus.Error, 0, detail);
        return prior.JudgedBy(Id, prior.Value < handle.LengthBytes ? AioStatus.Partial : AioStatus.Ok, blocks, detail);
    }

    private static string Report(AioResult result, AioTargetData target)
    {
        if (result.Status == AioStatus.Ok) return "done";
        if (result.Errno != 0) return $"{Errno.Describe(result.Errno)}; free some space where it is, or give it more";
        (long doneBytes, long wantedBytes) = Shortfall.Unpack(result.Detail);
        string text = string.Create(CultureInfo.InvariantCulture, $"wrote only {doneBytes} of {wantedBytes} bytes");
        return result.Status == AioStatus.Partial ? text : $"{text}; the disk may be full: free some space where it is, or give it more";
    }
}
