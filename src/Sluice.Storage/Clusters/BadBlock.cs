namespace Sluice.Storage;

/// <summary>A block whose page is not valid.</summary>
/// <param name="Path">The file, relative to the data directory.</param>
/// <param name="BlockNumber">The block's number within its fork: segments before its own count.</param>
/// <param name="Expected">The checksum that the page's content asks for.</param>
/// <param name="Found">The checksum that is stored in it.</param>
/// <param name="Verdict">What is wrong.</param>
public readonly record struct BadBlock(string Path, uint BlockNumber, ushort Expected, ushort Found, PageVerdict Verdict);
