namespace Sluice.Wal.Tests;

/// <summary>Stream offsets and positions are two names of one place.</summary>
public sealed class GeometryTests
{
    [Theory]
    [InlineData(1 << 20)]
    [InlineData(16 << 20)]
    [InlineData(1 << 30)]
    public void AStreamOffsetAndItsPositionAreTurnedIntoEachOther(int segmentBytes)
    {
        WalGeometry geometry = new(segmentBytes);
        ulong[] near = [0, geometry.SegmentPayload, 3 * geometry.SegmentPayload, 1UL << 40, WalGeometry.PageBytes * 100UL];
        foreach (ulong center in near)
        {
            for (ulong stream = center < 20_000 ? 0 : center - 20_000; stream < center + 20_000; stream += 8)
            {
                ulong position = geometry.ToPosition(stream);
                Assert.Equal(stream, geometry.ToStream(position));
                Assert.True((position & (WalGeometry.PageBytes - 1)) >= (ulong)geometry.HeaderBytesOf(WalGeometry.PageOf(position)));
                if (stream != 0) Assert.Equal(stream, geometry.ToStream(geometry.ToEndPosition(stream)));
            }
        }
    }

    [Fact]
    public void PositionsGrowWithoutGapsExceptHeaders()
    {
        WalGeometry geometry = new(1 << 20);
        ulong expected = WalGeometry.SegmentHeaderBytes;
        for (ulong stream = 0; stream < 2 * geometry.SegmentPayload; stream += 8)
        {
            Assert.Equal(expected, geometry.ToPosition(stream));
            expected += 8;
            if ((expected & (WalGeometry.PageBytes - 1)) == 0) expected += (ulong)geometry.HeaderBytesOf(expected);
        }
    }

    [Fact]
    public void NamesAreThoseOfPostgreSql()
    {
        Assert.Equal("000000010000000000000001", SegmentName.Of(1, 1, 16 << 20));
        Assert.Equal("000000020000000100000000", SegmentName.Of(2, 256, 16 << 20));
        Assert.True(SegmentName.TryParse("000000020000000100000000", 16 << 20, out uint timeline, out ulong segment));
        Assert.Equal((2u, 256UL), (timeline, segment));
        Assert.False(SegmentName.TryParse("000000020000000100000100", 16 << 20, out _, out _));
        Assert.False(SegmentName.TryParse("0000000200000001000000zz", 16 << 20, out _, out _));
        Assert.False(SegmentName.TryParse("wal.state", 16 << 20, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3 << 20)]
    [InlineData(512 << 10)]
    public void ASegmentSizeThatIsNoneIsRefused(int segmentBytes) => Assert.Throws<ArgumentException>(() => new WalGeometry(segmentBytes));
}
