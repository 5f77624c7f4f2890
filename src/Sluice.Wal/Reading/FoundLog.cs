namespace Sluice.Wal;

/// <summary>A log that stands in a folder.</summary>
internal sealed record FoundLog(string Folder, WalIdentity Identity, ulong FirstSegment, ulong LastSegment)
{
    internal string PathOf(ulong segment) => Path.Combine(Folder, SegmentName.Of(Identity.Timeline, segment, Identity.SegmentBytes));
}
