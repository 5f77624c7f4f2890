namespace Sluice.Conformance.Layer;

/// <summary>Throws in the phases that its byte names.</summary>
[AioCallback("throwing")]
public static partial class ThrowingCallback
{
    public const byte InStage = 1;
    public const byte InShared = 2;
    public const byte InLocal = 4;
    public const byte WithoutStatus = 8;

    private static void Stage(AioHandle handle, byte data)
    {
        if ((data & InStage) != 0) throw new FormatException("thrown in stage");
    }

    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        if ((data & InShared) != 0) throw new FormatException("thrown in shared");
        return (data & WithoutStatus) != 0 ? default : prior;
    }

    private static AioResult CompleteLocal(AioHandle handle, AioResult prior, byte data) =>
        (data & InLocal) != 0 ? throw new FormatException("thrown in local") : prior;
}
