namespace Sluice.Tool.Copy;

/// <summary>What a copy did.</summary>
/// <param name="LengthBytes">The file's length.</param>
/// <param name="DataBytes">What of it was read and written; the rest are holes.</param>
/// <param name="TargetPath">The copy's name.</param>
/// <param name="MethodName">The io_method that did it.</param>
internal sealed record CopyOutcome(long LengthBytes, long DataBytes, string TargetPath, string MethodName);
