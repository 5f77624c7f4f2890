namespace Sluice.Wal;

/// <summary>What an I/O of the log is about: a segment of a log that this process has open.</summary>
[AioTarget("wal")]
internal readonly partial struct WalTarget
{
    private readonly ulong _segment;
    private readonly int _logNumber;
    private readonly uint _timeline;
    private readonly int _segmentBytes;

    internal WalTarget(int logNumber, uint timeline, ulong segment, int segmentBytes)
    {
        _logNumber = logNumber;
        _timeline = timeline;
        _segment = segment;
        _segmentBytes = segmentBytes;
    }

    internal int LogNumber => _logNumber;

    private static string Describe(in WalTarget target) => $"log segment {SegmentName.Of(target._timeline, target._segment, target._segmentBytes)}";

    private static IoFile Reopen(in WalTarget target, IoFileSystem fileSystem)
    {
        WriteAheadLog? log = OpenLogs.Find(target._logNumber);
        if (log is null) throw new AioException($"open {Describe(target)} again", Errno.EBADF, "the log was closed");
        return fileSystem.Open(log.PathOf(target._segment), log.SegmentOptions);
    }
}
