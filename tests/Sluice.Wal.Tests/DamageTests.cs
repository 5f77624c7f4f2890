namespace Sluice.Wal.Tests;

/// <summary>Whatever happens to the bytes of a log: never an invented record, never a lost one below the damage.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryPrefixHasExactlyTheRecordsThatFitInIt()
    {
        await using AioSystem system = TestLog.Start("sync");
        (byte[] segment, List<(LogRecord Record, byte[] Body)> records, string path) = await MakeAsync(system);
        int end = (int)(records[^1].Record.EndPosition.Value - (1 << 20));
        for (int length = 0; length <= end; length++)
        {
            File.WriteAllBytes(path, segment.AsSpan(0, length));
            List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log, Buffered);
            int expected = records.Count(record => EndOfBytes(record) - (1 << 20) <= (ulong)length);
            Assert.True(found.Count == expected, $"{found.Count} records in the first {length} bytes instead of {expected}.");
            ExpectBeginning(records, found, $"cut off behind byte {length}");
        }
    }

    [Fact]
    public async Task EveryFlippedByteEndsTheLogBeforeIt()
    {
        await using AioSystem system = TestLog.Start("sync");
        (byte[] segment, List<(LogRecord Record, byte[] Body)> records, string path) = await MakeAsync(system);
        int end = (int)(records[^1].Record.EndPosition.Value - (1 << 20));
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (int at = 0; at < end; at++)
        {
            byte flipped = (byte)(segment[at] ^ (1 << (at % 8)));
            await WriteByteAsync(file, at, flipped);
            List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log, Buffered);
            await WriteByteAsync(file, at, segment[at]);
            ulong position = (1 << 20) + (ulong)at;
            int below = records.Count(record => record.Record.EndPosition.Value <= position);
            bool isInHeader = position % 8192 < 72;

            ExpectBeginning(records, found, $"byte {at} flipped");

            // A header of a page belongs to what goes on over it; the bytes that fill a record up to eight belong to nobody.
            int least = isInHeader ? records.Count(record => record.Record.EndPosition.Value <= position / 8192 * 8192) : below;
            Assert.True(found.Count >= least, $"Byte {at}: {found.Count} of {least} records.");
            bool isFilling = records.Exists(record => EndOfBytes(record) <= position && position < record.Record.EndPosition.Value);
            if (!isFilling) Assert.True(found.Count < records.Count, $"Byte {at} is flipped and every record is there.");
        }
    }

    [Fact]
    public async Task ARecordOfSeveralPiecesIsThereWholeOrNotAtAll()
    {
        await using AioSystem system = TestLog.Start("sync");
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            foreach (int length in (int[])[20, 70_000, 30]) log.Append(1, TestLog.Body(length, length));
        }

        List<(LogRecord Record, byte[] Body)> records = await TestLog.ReadAllAsync(system, _folder.Log);
        Assert.Equal(5, records[1].Record.Pieces);
        string path = Path.Combine(_folder.Log, SegmentName.Of(1, 1, 1 << 20));
        byte[] segment = File.ReadAllBytes(path);
        int end = (int)(records[^1].Record.EndPosition.Value - (1 << 20));
        for (int length = end; length > 0; length -= 131)
        {
            // Cut off, and damaged there: in the header of a piece, in its body, in the header of a page.
            File.WriteAllBytes(path, segment.AsSpan(0, length));
            List<(LogRecord Record, byte[] Body)> cut = await TestLog.ReadAllAsync(system, _folder.Log, Buffered);
            Assert.Equal(records.Count(record => EndOfBytes(record) - (1 << 20) <= (ulong)length), cut.Count);
            ExpectBeginning(records, cut, $"cut off behind byte {length}");
            byte[] damaged = (byte[])segment.Clone();
            damaged[length - 1] ^= 0x40;
            File.WriteAllBytes(path, damaged);
            List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log, Buffered);
            ExpectBeginning(records, found, $"byte {length - 1} flipped");
            int least = records.Count(record => record.Record.EndPosition.Value <= ((1 << 20) + (ulong)length) / 8192 * 8192);
            Assert.True(found.Count >= least, $"Byte {length - 1}: {found.Count} of {least} records.");
        }
    }

    [Fact]
    public async Task ALogThatWasCutOffGoesOnBehindItsLastWholeRecord()
    {
        await using AioSystem system = TestLog.Start("sync");
        (byte[] segment, List<(LogRecord Record, byte[] Body)> records, string path) = await MakeAsync(system);
        string second = Path.Combine(Path.GetDirectoryName(path)!, SegmentName.Of(1, 2, 1 << 20));
        int end = (int)(records[^1].Record.EndPosition.Value - (1 << 20));
        for (int length = 72; length < end; length += 997)
        {
            File.WriteAllBytes(path, segment.AsSpan(0, length));
            File.Delete(second);
            int expected = records.Count(record => EndOfBytes(record) - (1 << 20) <= (ulong)length);
            await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
            {
                await log.AppendAndFlushAsync(3, TestLog.Body(9, 300));
                Assert.Equal(1 << 20, new FileInfo(path).Length);
            }

            List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log);
            Assert.Equal(expected + 1, found.Count);
            ExpectBeginning(records, found[..^1], $"the log cut off behind byte {length} and opened again");
            Assert.Equal(TestLog.Body(9, 300), found[^1].Body);
        }
    }

    [Fact]
    public async Task OldRecordsBehindTheEndNeverJoinNewOnes()
    {
        await using AioSystem system = TestLog.Start("sync");

        // All units are 40 bytes long, as the mark of an opening is, so old units stand exactly where new ones would.
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int number = 0; number < 300; number++) log.Append(1, TestLog.Body(number, 16));
        }

        string path = Path.Combine(_folder.Log, SegmentName.Of(1, 1, 1 << 20));
        byte[] old = File.ReadAllBytes(path);
        for (int lost = 1; lost < 200; lost += 3)
        {
            // A record is lost, and everything behind it is there: the disk wrote the later block first.
            byte[] torn = (byte[])old.Clone();
            int at = 72 + 40 + (lost * 40);
            if (at + 40 > 8192) break;
            torn.AsSpan(at, 40).Clear();
            File.WriteAllBytes(path, torn);
            await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
            {
                Assert.NotNull(log.Recovery.End);
            }

            // Now the new block is lost in part as well: what the opening wrote is there, and behind it stands what was there before.
            byte[] now = File.ReadAllBytes(path);
            torn.AsSpan(at + 40).CopyTo(now.AsSpan(at + 40));
            File.WriteAllBytes(path, now);
            List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log);
            Assert.Equal(lost, found.Count);

            // Positive control: a reader that looks at the checksum alone takes them all.
            List<(LogRecord Record, byte[] Body)> mistaken = await TestLog.ReadAllAsync(
                system, _folder.Log, Buffered with { Mistakes = LogMistakes.AcceptsStaleRecords });
            if (lost < 190)
            {
                Assert.True(mistaken.Count > lost, $"Record {lost}: the old records behind it do not stand where new ones would.");
            }
        }
    }

    [Fact]
    public async Task StaleDataInARecycledSegmentIsNeverTakenForRecords()
    {
        await using AioSystem system = TestLog.Start();
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int number = 0; number < 4000; number++)
            {
                LogPosition end = log.Append(1, TestLog.Body(number, 1000));
                if (number % 500 != 499) continue;
                await log.FlushAsync(end);
                await log.ReleaseBeforeAsync(end);
            }

            Assert.True(log.ReadStatistics().SegmentsRecycled > 0);
        }

        List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log);
        int first = 4000 - found.Count;
        for (int index = 0; index < found.Count; index++) Assert.Equal(TestLog.Body(first + index, 1000), found[index].Body);
    }

    // Every record that is there is the one that was written there: place, kind, link, opening, pieces and content.
    private static void ExpectBeginning(
        List<(LogRecord Record, byte[] Body)> written, List<(LogRecord Record, byte[] Body)> found, string damage)
    {
        Assert.True(found.Count <= written.Count, $"With {damage} there are {found.Count} records, and {written.Count} were written.");
        for (int index = 0; index < found.Count; index++)
        {
            Assert.True(
                Properties(written[index].Record) == Properties(found[index].Record),
                $"With {damage}: {found[index].Record} was never written.");
            Assert.True(
                written[index].Body.AsSpan().SequenceEqual(found[index].Body),
                $"With {damage}: the content of {found[index].Record} was never written.");
        }
    }

    private static (LogPosition, LogPosition, LogPosition, ushort, uint, int, int) Properties(LogRecord record) =>
        (record.Position, record.EndPosition, record.Previous, record.Kind, record.Incarnation, record.Pieces, record.Body.Length);

    // What fills a record up to eight bytes is nobody's.
    private static ulong EndOfBytes((LogRecord Record, byte[] Body) record) =>
        record.Record.EndPosition.Value - (ulong)((8 - (record.Body.Length % 8)) % 8);

    private static WalReaderOptions Buffered => new() { ReadAheadBytes = WalReader.ChunkBytes, Direct = false };

    private static async Task WriteByteAsync(FileStream file, int at, byte value)
    {
        file.Position = at;
        file.WriteByte(value);
        await file.FlushAsync();
    }

    private async Task<(byte[] Segment, List<(LogRecord Record, byte[] Body)> Records, string Path)> MakeAsync(AioSystem system)
    {
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small with { RingBytes = 64 << 10 }))
        {
            int[] lengths = [0, 1, 7, 8, 9, 100, 500, 6000, 1700, 12, 40, 100];
            for (int number = 0; number < lengths.Length; number++)
            {
                // A record that ends in a zero is whole before its last byte is written.
                byte[] body = TestLog.Body(number, lengths[number]);
                if (body.Length != 0) body[^1] |= 1;
                log.Append((ushort)number, body);
            }
        }

        List<(LogRecord Record, byte[] Body)> records = await TestLog.ReadAllAsync(system, _folder.Log);
        string path = Path.Combine(_folder.Log, SegmentName.Of(1, 1, 1 << 20));
        return (File.ReadAllBytes(path), records, path);
    }
}
