namespace Sluice.Wal.Tests;

/// <summary>Every place of a record against the ends of pages, of the ring and of segments.</summary>
public sealed class BoundaryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task EveryOffsetAgainstTheEndOfAPageReadsBack()
    {
        // The filler's length moves the record by eight bytes at a time over the end of a page.
        await using AioSystem system = TestLog.Start("sync");
        List<byte[]> expected = [];
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int offset = 0; offset <= 160; offset += 8)
            {
                foreach (int length in (int[])[0, 1, 17, 64, 8200, 17_000])
                {
                    MoveTo(log, 8192, offset, expected);
                    expected.Add(TestLog.Body(length, length));
                    log.Append(5, expected[^1]);
                }
            }
        }

        await ExpectAsync(system, expected);
    }

    [Theory]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    public async Task EveryOffsetAgainstTheEndOfTheRingAndOfASegmentReadsBack(int boundary)
    {
        await using AioSystem system = TestLog.Start("sync");
        List<byte[]> expected = [];
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            for (int offset = 0; offset <= 128; offset += 8)
            {
                MoveTo(log, boundary, offset, expected);
                expected.Add(TestLog.Body(offset, 40 + offset));
                LogPosition end = log.Append(5, expected[^1]);
                if (offset % 24 == 0) log.Flush(end);
            }
        }

        await ExpectAsync(system, expected);
    }

    [Fact]
    public async Task ALogThatEndsAnywhereGoesOn()
    {
        await using AioSystem system = TestLog.Start("sync");
        List<byte[]> expected = [];
        for (int offset = 0; offset <= 96; offset += 8)
        {
            await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
            Assert.Equal(expected.Count, (int)log.Recovery.Records - CountOpenings(log));
            MoveTo(log, 8192, offset, expected);
        }

        await ExpectAsync(system, expected);
    }

    [Fact]
    public async Task TheTailTakesANewBaseWhileRecordsAreAdded()
    {
        await using AioSystem system = TestLog.Start();
        List<byte[]> expected = [];
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            log.RebaseAfter = 1000;
            for (int number = 0; number < 3000; number++)
            {
                expected.Add(TestLog.Body(number, number % 61 == 0 ? 150_000 : number % 300));
                log.Append(5, expected[^1]);
            }
        }

        await ExpectAsync(system, expected);
    }

    private static int CountOpenings(WriteAheadLog log) => (int)log.Recovery.Incarnation - 1;

    // A record such that the next one begins so many bytes before the boundary.
    private static void MoveTo(WriteAheadLog log, int boundary, int offset, List<byte[]> expected)
    {
        WalGeometry geometry = new(log.SegmentBytes);
        ulong now = geometry.ToStream(log.InsertPosition.Value);
        ulong target = ((log.InsertPosition.Value / (ulong)boundary) + 1) * (ulong)boundary;
        while (geometry.ToStream(target) < now + (ulong)offset + WalUnit.HeaderBytes) target += (ulong)boundary;
        long length = (long)(geometry.ToStream(target) - now) - offset - WalUnit.HeaderBytes;
        int unit = (64 << 10) / 4;
        while (length > unit - WalUnit.HeaderBytes)
        {
            int part = (int)Math.Min(length - WalUnit.HeaderBytes, unit - WalUnit.HeaderBytes);
            expected.Add(TestLog.Body(part, part));
            log.Append(6, expected[^1]);
            length -= part + WalUnit.HeaderBytes;
        }

        expected.Add(TestLog.Body((int)length, (int)length));
        log.Append(6, expected[^1]);
        ulong after = geometry.ToStream(log.InsertPosition.Value);
        Assert.Equal(geometry.ToStream(target) - (ulong)offset, after);
    }

    private async Task ExpectAsync(AioSystem system, List<byte[]> expected)
    {
        List<(LogRecord Record, byte[] Body)> found = await TestLog.ReadAllAsync(system, _folder.Log);
        Assert.Equal(expected.Count, found.Count);
        for (int index = 0; index < found.Count; index++) Assert.Equal(expected[index], found[index].Body);
        for (int index = 1; index < found.Count; index++) Assert.True(found[index].Record.Position > found[index - 1].Record.Position);
    }
}
