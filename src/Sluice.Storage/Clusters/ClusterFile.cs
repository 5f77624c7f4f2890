namespace Sluice.Storage;

/// <summary>A relation file of a data directory.</summary>
/// <param name="Path">Its path relative to the data directory.</param>
/// <param name="LengthBytes">Its length when the folder was listed.</param>
/// <param name="Name">What its name says.</param>
public readonly record struct ClusterFile(string Path, long LengthBytes, RelationFileName Name);
