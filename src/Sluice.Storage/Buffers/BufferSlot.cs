namespace Sluice.Storage;

/// <summary>A buffer and the page it had when somebody looked: what writers collect. Whoever uses it looks again.</summary>
/// <param name="BufferIndex">The buffer.</param>
/// <param name="Tag">The page.</param>
public readonly record struct BufferSlot(int BufferIndex, PageTag Tag);
