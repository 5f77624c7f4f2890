namespace Sluice.Storage;

/// <summary>Names one page of one fork of a relation.</summary>
/// <param name="Relation">The relation.</param>
/// <param name="Fork">The fork.</param>
/// <param name="BlockNumber">The block's number within the fork.</param>
public readonly record struct PageTag(RelationId Relation, RelationFork Fork, uint BlockNumber);
