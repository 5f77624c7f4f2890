namespace Sluice.Storage;

/// <summary>One buffer at one moment: a row of what pg_buffercache tells.</summary>
/// <param name="BufferIndex">The buffer.</param>
/// <param name="Tag">The page; only if <paramref name="HasPage"/>.</param>
/// <param name="HasPage">Whether a page has it.</param>
/// <param name="IsValid">Whether the page was read.</param>
/// <param name="IsDirty">Whether the page has to be written.</param>
/// <param name="IsIoInProgress">Whether it is being read or written.</param>
/// <param name="UsageCount">0 to 5.</param>
/// <param name="PinCount">Who keeps it, I/O in flight among them.</param>
public readonly record struct BufferInfo(
    int BufferIndex, PageTag Tag, bool HasPage, bool IsValid, bool IsDirty, bool IsIoInProgress, int UsageCount, int PinCount);
