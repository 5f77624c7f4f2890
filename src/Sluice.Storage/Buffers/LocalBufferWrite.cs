namespace Sluice.Storage;

/// <summary>A write of temporary pages; settled by the flow whose they are.</summary>
[AioCallback("local buffer write")]
public static partial class LocalBufferWrite
{
    private static void Stage(AioHandle handle, byte data) => BufferWrites.Stage(handle);

    private static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data) => BufferWrites.Complete(handle, prior);
}
