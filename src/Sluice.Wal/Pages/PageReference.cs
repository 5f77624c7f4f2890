namespace Sluice.Wal;

/// <summary>One page of a record.</summary>
/// <param name="Tag">Which page.</param>
/// <param name="HasImage">Whether the page as it was before the change is there.</param>
/// <param name="ImageAt">Where in the record's content.</param>
/// <param name="HoleStart">Where in the page the part begins that was left out.</param>
/// <param name="HoleBytes">How long that part is.</param>
internal readonly record struct PageReference(PageTag Tag, bool HasImage, int ImageAt, int HoleStart, int HoleBytes);
