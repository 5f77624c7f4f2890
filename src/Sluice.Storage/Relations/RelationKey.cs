namespace Sluice.Storage;

/// <summary>A relation as the storage manager opens it: its files, and for a temporary one whose it is.</summary>
/// <param name="Id">Which files.</param>
/// <param name="TemporaryOwner">The number of the session that a temporary relation belongs to; -1 for one that lasts.</param>
public readonly record struct RelationKey(RelationId Id, int TemporaryOwner = -1)
{
    /// <summary>Whether it belongs to one session: never synced, gone with it.</summary>
    public bool IsTemporary => TemporaryOwner >= 0;
}
