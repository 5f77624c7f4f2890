namespace Sluice.Storage;

/// <summary>
/// A write of pages of the pool. Whoever completes it makes the pages clean, unless they were dirtied again, and gives back the lock and
/// the pin that the write holds. A failed one leaves them dirty.
/// </summary>
[AioCallback("shared buffer write")]
public static partial class SharedBufferWrite
{
    private static void Stage(AioHandle handle, byte data) => BufferWrites.Stage(handle);

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => BufferWrites.Complete(handle, prior);
}
