using System.Runtime.CompilerServices;

namespace Sluice.Storage;

/// <summary>A page tag as the mapping compares it: two words and the fork, with their hash.</summary>
internal readonly struct TagKey
{
    internal readonly ulong DatabaseAndNumber;
    internal readonly ulong TablespaceAndBlock;
    internal readonly uint Fork;
    internal readonly uint Hash;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal TagKey(in RelationId relation, RelationFork fork, uint block)
    {
        DatabaseAndNumber = ((ulong)relation.DatabaseOid << 32) | relation.Number;
        TablespaceAndBlock = ((ulong)relation.TablespaceOid << 32) | block;
        Fork = (uint)fork;

        // A wide multiplication mixes every bit of one word into every bit of the other; neighbouring blocks land far apart.
        ulong high = Math.BigMul(DatabaseAndNumber ^ 0x9E3779B97F4A7C15UL, (TablespaceAndBlock + ((ulong)Fork << 61)) ^ 0xD1B54A32D192ED03UL, out ulong low);
        ulong mixed = high ^ low;
        Hash = (uint)(mixed ^ (mixed >> 32));
    }

    internal TagKey(in PageTag tag)
        : this(tag.Relation, tag.Fork, tag.BlockNumber)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal unsafe bool Names(BufferDescriptor* descriptor) =>
        descriptor->DatabaseAndNumber == DatabaseAndNumber && descriptor->TablespaceAndBlock == TablespaceAndBlock && descriptor->Fork == Fork;

    internal static unsafe PageTag TagOf(BufferDescriptor* descriptor) => new(
        new RelationId((uint)(descriptor->TablespaceAndBlock >> 32), (uint)(descriptor->DatabaseAndNumber >> 32), (uint)descriptor->DatabaseAndNumber),
        (RelationFork)descriptor->Fork,
        (uint)descriptor->TablespaceAndBlock);
}
