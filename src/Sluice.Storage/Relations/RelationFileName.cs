namespace Sluice.Storage;

/// <summary>What the name of a relation's file says.</summary>
/// <param name="Number">The relation file's number.</param>
/// <param name="Fork">The fork.</param>
/// <param name="Segment">The segment; 0 for the first.</param>
/// <param name="TemporaryOwner">The session whose temporary relation it is; -1 for a relation that lasts.</param>
public readonly record struct RelationFileName(uint Number, RelationFork Fork, uint Segment, int TemporaryOwner);
