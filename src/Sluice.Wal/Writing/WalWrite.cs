namespace Sluice.Wal;

/// <summary>A write of the log has ended: its bytes are written, or durable, or the log is at an end.</summary>
[AioCallback("wal-write")]
internal static partial class WalWrite
{
    // On whichever thread reaps. The log publishes in order under a lock that is never held across I/O, and queues who waited.
    private static AioResult CompleteShared(AioHandle handle, AioResult prior, byte data)
    {
        OpenLogs.Find(handle.Target.As<WalTarget>().LogNumber)?.OnWritten((int)handle.Data[0], prior, handle.Target);
        return prior;
    }
}
