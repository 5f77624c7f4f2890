using Sluice.Storage.Tests.Support;

namespace Sluice.Storage.Tests.Pages;

/// <summary>The header of a page, in place.</summary>
public sealed class PageHeaderTests
{
    [Fact]
    public void FieldsStandWhereTheFormatHasThem()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        PageHeader.Initialize(page, specialBytes: 13);
        PageHeader header = new(page)
        {
            LogPosition = new LogPosition(0x0000_0016_B374_D848),
            Checksum = 0x1234,
            Flags = PageFlags.HasFreeLines | PageFlags.AllVisible,
            Lower = 28,
            PruneTransaction = 0x01020304,
        };
        Assert.Equal("16000000" + "48D874B3" + "3412" + "0500" + "1C00" + "F01F" + "F01F" + "0420" + "04030201",
            Convert.ToHexString(page.AsSpan(0, 24)));
        Assert.Equal("16/B374D848", header.LogPosition.ToString());
        Assert.Equal(8192 - 16, header.Special);
        Assert.Equal(header.Special, header.Upper);
        Assert.Equal(8192, header.PageBytes);
        Assert.Equal(4, header.Version);
        Assert.Equal(1, header.LinePointerCount);
        Assert.Equal(8192 - 16 - 28, header.FreeBytes);
        Assert.False(header.IsNew);
    }

    [Fact]
    public void AHeaderWritesIntoThePage()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        new PageHeader(page).Upper = 100;
        Assert.False(PageHeader.IsNewPage(page));
        Assert.Equal(100, new PageHeader(page).Upper);
    }

    [Fact]
    public void PagesOfARealClusterHaveTheFieldsThatTheServerWrote()
    {
        byte[] orders = RealCluster.Files.Single(static file => file.Path == "base/5/16384").Content;
        Assert.Equal(249, orders.Length / StorageLimits.PageBytes);
        for (int block = 0; block < 249; block++)
        {
            PageHeader header = new(orders.AsSpan(block * StorageLimits.PageBytes, StorageLimits.PageBytes));
            Assert.Equal(8192, header.PageBytes);
            Assert.Equal(4, header.Version);
            Assert.Equal(8192, header.Special);
            Assert.True(header.LogPosition.IsValid);
            Assert.InRange(header.LinePointerCount, 1, 291);
        }
    }

    [Theory]
    [InlineData(10, 0x08, "an unknown flag")]
    [InlineData(11, 0x80, "an unknown flag")]
    [InlineData(13, 0x20, "lower beyond upper")]
    [InlineData(15, 0x21, "upper beyond special")]
    [InlineData(17, 0x21, "special beyond the page")]
    [InlineData(16, 0x01, "special not at a multiple of 8")]
    public void AHeaderThatContradictsItselfIsRefusedWithoutChecksums(int offset, byte value, string what)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        Support.Pages.Fill(page, 1, 0);
        page[offset] = value;
        Assert.True(PageVerifier.Verify(page, 0, checksums: false) == PageVerdict.BadHeader, what);
        Assert.True(PageVerifier.Verify(page, 0, checksums: true) == PageVerdict.BadBoth, what);
        PageChecksum.Store(page, 0);
        Assert.True(PageVerifier.Verify(page, 0, checksums: true) == PageVerdict.BadHeader, what);
    }

    [Fact]
    public void IgnoringAWrongChecksumRescuesOnlyASaneHeader()
    {
        Assert.True(PageVerifier.IsAccepted(PageVerdict.BadChecksum, ignoreChecksumFailure: true));
        Assert.False(PageVerifier.IsAccepted(PageVerdict.BadChecksum));
        Assert.False(PageVerifier.IsAccepted(PageVerdict.BadBoth, ignoreChecksumFailure: true));
        Assert.False(PageVerifier.IsAccepted(PageVerdict.BadHeader, ignoreChecksumFailure: true));
        Assert.True(PageVerifier.IsAccepted(PageVerdict.New));
    }

    [Fact]
    public void LogPositionsAreReadAsTheyAreWritten()
    {
        Random random = new(5);
        for (int round = 0; round < 1000; round++)
        {
            LogPosition position = new((ulong)random.NextInt64());
            Assert.True(LogPosition.TryParse(position.ToString(), out LogPosition read));
            Assert.Equal(position, read);
            byte[] page = new byte[StorageLimits.PageBytes];
            new PageHeader(page).LogPosition = position;
            Assert.Equal(position, PageHeader.LogPositionOf(page));
        }

        Assert.False(LogPosition.TryParse("16", out _));
        Assert.False(LogPosition.TryParse("16/", out _));
        Assert.False(LogPosition.TryParse("-1/0", out _));
        Assert.False(LogPosition.TryParse(null, out _));
        Assert.True(new LogPosition(1) < new LogPosition(1UL << 33));
        Assert.Equal(new LogPosition(9), LogPosition.Max(new LogPosition(9), new LogPosition(3)));
    }
}
