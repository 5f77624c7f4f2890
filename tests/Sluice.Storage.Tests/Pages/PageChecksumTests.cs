using System.Runtime.Intrinsics;
using Sluice.Storage.Tests.Support;
using Sluice.Testing;

namespace Sluice.Storage.Tests.Pages;

/// <summary>The checksum: every form of it gives what PostgreSQL gives, and no change of a page goes unseen.</summary>
public sealed class PageChecksumTests
{
    [Fact]
    public void AllFormsAgreeOnRandomPages()
    {
        Random random = new(1);
        byte[] pages = new byte[2 * StorageLimits.PageBytes];
        for (int round = 0; round < 2000; round++)
        {
            random.NextBytes(pages);
            if (round % 3 == 0) pages.AsSpan(random.Next(pages.Length)).Clear();
            AllFormsAgree(pages, (uint)random.NextInt64(uint.MaxValue));
        }
    }

    [Fact]
    public void AllFormsAgreeOnExtremePages()
    {
        byte[] pages = new byte[2 * StorageLimits.PageBytes];
        foreach (byte value in (byte[])[0, 1, 0x7F, 0x80, 0xFF])
        {
            pages.AsSpan().Fill(value);
            foreach (uint block in (uint[])[0, 1, 65534, 65535, 131072, uint.MaxValue - 1]) AllFormsAgree(pages, block);
        }
    }

    [Fact]
    public void TheChecksumsOfARealClusterAreComputed()
    {
        int pages = 0;
        foreach ((string _, RelationFileName name, byte[] content) in RealCluster.Files)
        {
            Assert.Equal(0u, name.Segment);
            for (int block = 0; block * StorageLimits.PageBytes < content.Length; block++)
            {
                Span<byte> page = content.AsSpan(block * StorageLimits.PageBytes, StorageLimits.PageBytes);
                if (PageHeader.IsNewPage(page)) continue;
                ushort stored = PageHeader.ChecksumOf(page);
                Assert.Equal(stored, PageChecksum.Compute(page, (uint)block));
                Assert.Equal(stored, PageChecksum.Finish(PageChecksum.HashPortable(page), (uint)block));
                Assert.Equal(stored, PageChecksum.Finish(PageChecksum.Hash256(page), (uint)block));
                if (Vector512.IsHardwareAccelerated) Assert.Equal(stored, PageChecksum.Finish(PageChecksum.Hash512(page), (uint)block));
                pages++;
            }
        }

        Assert.True(pages > 1000, "The real cluster has more pages than that.");
    }

    [Fact]
    public void OneFlippedBitAnywhereChangesTheHash()
    {
        foreach (uint block in (uint[])[0, 17, 131072 + 5])
        {
            byte[] page = new byte[StorageLimits.PageBytes];
            Support.Pages.Fill(page, 16384, block);
            uint hash = PageChecksum.HashPortable(page);
            int missed = 0;
            for (int bit = 0; bit < StorageLimits.PageBytes * 8; bit++)
            {
                page[bit / 8] ^= (byte)(1 << (bit % 8));
                bool isChecksum = bit / 8 is 8 or 9;
                uint changed = PageChecksum.Hash256(page);
                Assert.True((changed == hash) == isChecksum, $"Bit {bit} of the page {(isChecksum ? "counts" : "does not count")}.");
                if (PageVerifier.IsAccepted(PageVerifier.Verify(page, block, checksums: true))) missed++;
                page[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            // Of the 32 bits of the hash the format keeps less than 16: one change in 65535 gives the same. None of the checksum's own bits
            // does.
            Assert.InRange(missed, 0, 5);
        }
    }

    [Fact]
    public void OneFlippedBitAnywhereInARealPageIsFound()
    {
        // A bit in 65535 goes unseen in such a format: in page 1 of this relation it is one, in page 0 none.
        byte[] orders = RealCluster.Files.Single(static file => file.Path == "base/5/16384").Content;
        int[] missed = new int[2];
        for (int block = 0; block < missed.Length; block++)
        {
            byte[] page = orders[(block * StorageLimits.PageBytes)..((block + 1) * StorageLimits.PageBytes)];
            for (int bit = 0; bit < StorageLimits.PageBytes * 8; bit++)
            {
                page[bit / 8] ^= (byte)(1 << (bit % 8));
                if (PageVerifier.IsAccepted(PageVerifier.Verify(page, (uint)block, checksums: true))) missed[block]++;
                page[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }

        Assert.Equal([0, 1], missed);
    }

    [Fact]
    public void OneFlippedBitAnywhereInANewPageIsFound()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        Assert.Equal(PageVerdict.New, PageVerifier.Verify(page, 3, checksums: true));
        for (int bit = 0; bit < StorageLimits.PageBytes * 8; bit++)
        {
            page[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(PageVerifier.IsAccepted(PageVerifier.Verify(page, 3, checksums: true)),
                $"A new page with bit {bit} set was accepted.");
            page[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void TheStoredChecksumDoesNotCount()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        Support.Pages.Fill(page, 1, 2);
        ushort before = PageChecksum.Compute(page, 2);
        new PageHeader(page).Checksum = (ushort)~before;
        Assert.Equal(before, PageChecksum.Compute(page, 2));
    }

    [Fact]
    public void APageInAnothersPlaceIsFound()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        Support.Pages.Fill(page, 1, 2);
        Assert.Equal(PageVerdict.Valid, PageVerifier.Verify(page, 2, checksums: true));
        Assert.Equal(PageVerdict.BadChecksum, PageVerifier.Verify(page, 3, checksums: true));
        Assert.Equal(PageVerdict.Valid, PageVerifier.Verify(page, 3, checksums: false));
    }

    [Fact]
    public void AChecksumIsNeverZero()
    {
        for (uint hash = 0; hash < 65535; hash += 1) Assert.NotEqual(0, PageChecksum.Finish(hash, 0));
        Assert.Equal(1, PageChecksum.Finish(65535, 0));
        Assert.Equal(1, PageChecksum.Finish(0, 0));
        Assert.Equal(65535, PageChecksum.Finish(65534, 0));
    }

    [Fact]
    public void ANewPageIsStoredWithoutAChecksum()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        PageChecksum.Store(page, 9);
        Assert.True(PageVerifier.IsZero(page));
    }

    [Fact]
    public void AChecksumCostsNoMemory()
    {
        byte[] pages = new byte[2 * StorageLimits.PageBytes];
        new Random(3).NextBytes(pages);
        uint sum = PageChecksum.ComputePair(pages, 0).First;
        _ = PageVerifier.Verify(pages.AsSpan(0, StorageLimits.PageBytes), 1, checksums: true);
        AllocationMeter meter = AllocationMeter.Start();
        for (uint block = 0; block < 1000; block++)
        {
            sum += PageChecksum.Compute(pages.AsSpan(0, StorageLimits.PageBytes), block);
            sum += PageChecksum.ComputePair(pages, block).Second;
            sum += (uint)PageVerifier.Verify(pages.AsSpan(0, StorageLimits.PageBytes), block, checksums: true);
        }

        Assert.Equal(0, meter.Bytes);
        Assert.NotEqual(0u, sum);
    }

    private static void AllFormsAgree(byte[] pages, uint block)
    {
        ReadOnlySpan<byte> first = pages.AsSpan(0, StorageLimits.PageBytes);
        ReadOnlySpan<byte> second = pages.AsSpan(StorageLimits.PageBytes);
        uint hash = PageChecksum.HashPortable(first);
        Assert.Equal(hash, PageChecksum.Hash256(first));
        Assert.Equal(hash, PageChecksum.Hash512(first));
        Assert.Equal((hash, PageChecksum.HashPortable(second)), PageChecksum.HashPair512(first, second));
        Assert.Equal(PageChecksum.Finish(hash, block), PageChecksum.Compute(first, block));
        Assert.Equal((PageChecksum.Compute(first, block), PageChecksum.Compute(second, block + 1)), PageChecksum.ComputePair(pages, block));
    }
}
