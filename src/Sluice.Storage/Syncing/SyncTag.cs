namespace Sluice.Storage;

/// <summary>Names a file that has to be synced: one segment of one fork.</summary>
/// <param name="Relation">The relation.</param>
/// <param name="Fork">The fork.</param>
/// <param name="Segment">The segment.</param>
public readonly record struct SyncTag(RelationId Relation, RelationFork Fork, uint Segment);
