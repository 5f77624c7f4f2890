namespace Sluice.Hosting.Tests.Support;

/// <summary>A callback with a mistake.</summary>
[AioCallback("hosting throwing")]
public static partial class ThrowingCallback
{
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data) =>
        throw new InvalidOperationException("a mistake of the test's own");
}
