namespace Sluice.Storage;

/// <summary>A read of temporary pages: only the flow whose they are touches their descriptors, so they are verified by it.</summary>
[AioCallback("local buffer read")]
public static partial class LocalBufferRead
{
    private static void Stage(AioHandle handle, byte data) => BufferReads.Stage(handle);

    private static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data) => BufferReads.Complete(handle, prior, data, Id);

    private static string Report(AioResult result, AioTargetData target) => BufferVerdict.Report(result, target);
}
