namespace Sluice.Benchmarks;

/// <summary>The least that a callback does.</summary>
[AioCallback("benchmark passing")]
internal static partial class PassingCallback
{
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior;
}
