namespace Sluice.Wal;

/// <summary>Something that records depend on and that changes now and then: odd while it is changing.</summary>
internal sealed class LogGuard
{
    private long _version;

    internal long Version => Volatile.Read(ref _version);

    internal void Move() => Interlocked.Increment(ref _version);
}
