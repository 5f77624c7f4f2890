namespace Sluice.Wal;

/// <summary>A flush of the log has ended: what was written before it began is durable, or the log is at an end.</summary>
[AioCallback("wal-fsync")]
internal static partial class WalFsync
{
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        OpenLogs.Find(handle.Target.As<WalTarget>().LogNumber)?.OnFlushed((int)handle.Data[0], prior, handle.Target);
        return prior;
    }
}
