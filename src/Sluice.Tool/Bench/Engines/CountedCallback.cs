namespace Sluice.Tool.Bench.Engines;

/// <summary>The one callback of the null scenario: the least that a layer above does when its I/O completes.</summary>
[AioCallback("bench counted")]
internal static partial class CountedCallback
{
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) => prior;
}
