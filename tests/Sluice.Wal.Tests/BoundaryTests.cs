namespace Sluice.Wal.Tests;

/// <summary>Every place of a record against the ends of pages, of the ring and of segments.</summary>
public sealed class BoundaryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Boundaries, and lengths of records at them: none, less than a header, what fills a page or a unit to the byte and one more or less,
    /// larger than the ring, larger than a segment.
    /// </summary>
    public static TheoryData<int, int> Places
    {
        get
        {
            const int Page = WalGeometry.PageBytes;
            const int PageBody = Page - WalGeometry.PageHeaderBytes - WalUnit.HeaderBytes;
            int unitBody = WrittenLog.UnitBytes - WalUnit.HeaderBytes;
            int[] lengths =
            [
                0, 1, 7, 8, 9, 17, 64, PageBody - 1, PageBody, PageBody + 1, Page - 1, Page, Page + 1,
                unitBody - 1, unitBody, unitBody + 1, 2 * unitBody,
                TestLog.Small.RingBytes + 1001, TestLog.Small.SegmentBytes + 5003,
            ];
            TheoryData<int, int> places = [];
            foreach (int boundary in (int[])[Page, TestLog.Small.RingBytes, TestLog.Small.SegmentBytes])
            {
                foreach (int length in lengths) places.Add(boundary, length);
            }

            return places;
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ARecordAtEveryOffsetBeforeABoundaryReadsBack(int boundary, int length)
    {
        await using AioSystem system = TestLog.Start();
        WrittenLog written = new();
        int offsets = 0;
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            foreach (int offset in OffsetsOf(length))
            {
                written.MoveTo(log, boundary, offset);
                written.Append(log, 5, length);

                // It has to be found where that one ends, and to name where it begins.
                written.Append(log, 7, 11);
                if (offsets++ % 3 == 0) log.Flush(log.InsertPosition);
            }
        }

        await written.ExpectAsync(system, _folder.Log);
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            Assert.Equal(written.Count + CountOpenings(log), (int)log.Recovery.Records);
            written.Append(log, 8, length % 1000);
        }

        await written.ExpectAsync(system, _folder.Log);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(40_001)]
    [InlineData((1 << 20) + 77)]
    public async Task ALogThatEndsJustBeforeOrBehindABoundaryGoesOn(int length)
    {
        await using AioSystem system = TestLog.Start("sync");
        WrittenLog written = new();
        for (int offset = 0; offset <= 48; offset += 8)
        {
            await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
            Assert.Equal(written.Count + CountOpenings(log), (int)log.Recovery.Records);
            written.Append(log, 5, length);
            written.MoveTo(log, TestLog.Small.SegmentBytes, offset);
        }

        await written.ExpectAsync(system, _folder.Log);
    }

    [Fact]
    public async Task ALogThatEndsAnywhereGoesOn()
    {
        await using AioSystem system = TestLog.Start("sync");
        WrittenLog written = new();
        for (int offset = 0; offset <= 96; offset += 8)
        {
            await using WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small);
            Assert.Equal(written.Count + CountOpenings(log), (int)log.Recovery.Records);
            written.MoveTo(log, WalGeometry.PageBytes, offset);
        }

        await written.ExpectAsync(system, _folder.Log);
    }

    [Fact]
    public async Task TheTailTakesANewBaseWhileRecordsAreAdded()
    {
        await using AioSystem system = TestLog.Start();
        WrittenLog written = new();
        await using (WriteAheadLog log = await WriteAheadLog.OpenAsync(system, _folder.Log, TestLog.Small))
        {
            log.RebaseAfter = 1000;
            for (int number = 0; number < 3000; number++) written.Append(log, 5, number % 61 == 0 ? 150_000 : number % 300);
        }

        await written.ExpectAsync(system, _folder.Log);
    }

    private static int CountOpenings(WriteAheadLog log) => (int)log.Recovery.Incarnation - 1;

    // Each place of a header against the boundary, of the record's first unit and of its second; and of the record's end, and so of the
    // next one's header.
    private static IEnumerable<int> OffsetsOf(int length)
    {
        const int Aligned = WalGeometry.RecordAlignment;
        IEnumerable<int> heads = Enumerable.Range(0, (WalUnit.HeaderBytes / Aligned) + 3).Select(static step => step * Aligned);
        int size = WrittenLog.StreamBytesOf(length);
        IEnumerable<int> ends = Enumerable.Range(-2, 6).Select(step => size + (step * Aligned));
        IEnumerable<int> seconds = WrittenLog.PiecesOf(length) == 1
            ? []
            : Enumerable.Range(0, 4).Select(static step => WrittenLog.UnitBytes + (step * Aligned));
        return heads.Concat(ends).Concat(seconds).Where(static offset => offset >= 0).Distinct();
    }
}
