namespace Sluice.Storage;

/// <summary>
/// A read into the pool. Whoever completes it verifies the pages and lets everybody see them; what was wrong is told to the issuer, in
/// the result, and to nobody else but the pool's warnings.
/// </summary>
[AioCallback("shared buffer read")]
public static partial class SharedBufferRead
{
    private static void Stage(AioHandle handle, byte data) => BufferReads.Stage(handle);

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => BufferReads.Complete(handle, prior, data, Id);

    private static string Report(AioResult result, AioTargetData target) => BufferVerdict.Report(result, target);
}
