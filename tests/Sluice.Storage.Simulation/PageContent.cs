using System.Buffers.Binary;

namespace Sluice.Storage.Simulation;

/// <summary>Pages that tell relation, block and version in every word, so that a page that is torn, old, or another's is seen.</summary>
internal static class PageContent
{
    /// <summary>Makes a page, without a checksum.</summary>
    internal static void Fill(Span<byte> page, uint relation, uint block, uint version)
    {
        PageHeader.Initialize(page);
        PageHeader header = new(page) { LogPosition = new LogPosition(version) };
        header.Lower = header.Upper;
        ulong seed = ((ulong)relation << 40) ^ ((ulong)block << 24) ^ version;
        for (int offset = StorageLimits.PageHeaderBytes; offset < page.Length; offset += sizeof(ulong))
        {
            seed += 0x9E3779B97F4A7C15;
            ulong word = seed;
            word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
            BinaryPrimitives.WriteUInt64LittleEndian(page[offset..], word ^ (word >> 27));
        }
    }

    /// <summary>Which version of a page this is: 0 for one that was never written, null for none that can be right.</summary>
    internal static uint? Identify(ReadOnlySpan<byte> page, uint relation, uint block)
    {
        switch (PageVerifier.Verify(page, block, checksums: true))
        {
            case PageVerdict.New:
                return 0;
            case not PageVerdict.Valid:
                return null;
        }

        uint version = (uint)PageHeader.LogPositionOf(page).Value;
        Span<byte> wanted = stackalloc byte[StorageLimits.PageBytes];
        Fill(wanted, relation, block, version);
        PageHeader header = new(wanted) { Checksum = PageHeader.ChecksumOf(page) };
        return page.SequenceEqual(wanted) ? version : null;
    }
}
