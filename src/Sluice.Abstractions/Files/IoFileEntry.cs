namespace Sluice;

/// <summary>One name in a folder.</summary>
/// <param name="Name">The name without the folder.</param>
/// <param name="IsDirectory">Whether it is a folder.</param>
/// <param name="LengthBytes">The length of a file; 0 for a folder.</param>
public readonly record struct IoFileEntry(string Name, bool IsDirectory, long LengthBytes);
