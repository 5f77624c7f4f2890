namespace Sluice.Storage;

/// <summary>Which pages a drop is about.</summary>
internal readonly record struct DropRule(RelationId Relation, uint DatabaseOid, RelationFork? Fork, uint FirstBlock, DropScope Scope)
{
    internal bool Matches(in PageTag tag) => Scope == DropScope.Database
        ? tag.Relation.DatabaseOid == DatabaseOid
        : tag.Relation == Relation && (Fork is null || (tag.Fork == Fork && tag.BlockNumber >= FirstBlock));
}
