namespace Sluice.Wal.Tests;

/// <summary>What was written to a log, record by record, to be compared with what is read: place, kind, link, pieces and content.</summary>
internal sealed class WrittenLog
{
    private readonly List<(LogPosition Start, LogPosition End, ushort Kind, byte[] Body)> _records = [];

    internal int Count => _records.Count;

    /// <summary>Adds a record to the log and remembers it.</summary>
    internal void Append(WriteAheadLog log, ushort kind, int length)
    {
        byte[] body = TestLog.Body(length + _records.Count, length);
        LogPosition end = log.Append(kind, body, default, out LogPosition start);
        _records.Add((start, end, kind, body));
    }

    /// <summary>Adds records such that the next one begins so many bytes of the stream before a multiple of a boundary.</summary>
    internal void MoveTo(WriteAheadLog log, int boundary, int offset)
    {
        WalGeometry geometry = new(log.SegmentBytes);
        ulong now = geometry.ToStream(log.InsertPosition.Value);
        ulong target = ((log.InsertPosition.Value / (ulong)boundary) + 1) * (ulong)boundary;
        while (geometry.ToStream(target) < now + (ulong)offset + WalUnit.HeaderBytes) target += (ulong)boundary;
        long length = (long)(geometry.ToStream(target) - now) - offset - WalUnit.HeaderBytes;
        int unit = UnitBytes - WalUnit.HeaderBytes;
        while (length > unit)
        {
            int part = (int)Math.Min(length - WalUnit.HeaderBytes, unit);
            Append(log, 6, part);
            length -= part + WalUnit.HeaderBytes;
        }

        Append(log, 6, (int)length);
        Assert.Equal(geometry.ToStream(target) - (ulong)offset, geometry.ToStream(log.InsertPosition.Value));
    }

    /// <summary>Bytes of the stream that a record of a length takes in a log of <see cref="TestLog.Small"/>.</summary>
    internal static int StreamBytesOf(int length)
    {
        int whole = PiecesOf(length) - 1;
        return (whole * UnitBytes) + (int)WalGeometry.Align(
            (ulong)(WalUnit.HeaderBytes + length - (whole * (UnitBytes - WalUnit.HeaderBytes))));
    }

    /// <summary>How many units it is.</summary>
    internal static int PiecesOf(int length) =>
        Math.Max(1, (length + UnitBytes - WalUnit.HeaderBytes - 1) / (UnitBytes - WalUnit.HeaderBytes));

    /// <summary>A record is cut into units of a quarter of the ring at most.</summary>
    internal static int UnitBytes => TestLog.Small.RingBytes / 4;

    /// <summary>Everything that was written is read back, in order, at its place, linked without a gap, and nothing else is.</summary>
    internal async Task ExpectAsync(AioSystem system, string folder)
    {
        await using WalReader reader = await WalReader.OpenAsync(
            system, folder, new WalReaderOptions { ReadAheadBytes = 1 << 20, IncludesInternal = true });
        LogPosition before = LogPosition.Invalid;
        int index = 0;
        while (await reader.ReadAsync())
        {
            LogRecord found = reader.Current;
            Assert.Equal(before, found.Previous);
            before = found.Position;
            if (found.IsInternal) continue;
            Assert.True(index < _records.Count, $"{found} was never written.");
            (LogPosition start, LogPosition end, ushort kind, byte[] body) = _records[index++];
            Assert.Equal(
                (start, end, kind, body.Length, PiecesOf(body.Length)),
                (found.Position, found.EndPosition, found.Kind, found.Body.Length, found.Pieces));
            Assert.True(found.Body.Span.SequenceEqual(body), $"{found}: the content is not what was written.");
        }

        Assert.True(index == _records.Count, $"{index} of {_records.Count} records were read: {reader.End!.Explanation}");
    }
}
