using System.Buffers.Binary;
using Sluice.Storage;

namespace Sluice.Tool.Bench.Storage;

/// <summary>Pages for measuring: valid, full, different from each other, and cheap to make.</summary>
internal static class StoragePages
{
    /// <summary>A page that does not compress, to be copied.</summary>
    internal static byte[] Make()
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        PageHeader.Initialize(page);
        BenchFile.FillRandom(page.AsSpan(StorageLimits.PageHeaderBytes), seed: 7);
        PageHeader header = new(page);
        header.Lower = header.Upper;
        return page;
    }

    /// <summary>Makes a page of a block.</summary>
    internal static void Fill(Span<byte> page, ReadOnlySpan<byte> template, uint block)
    {
        template.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page[StorageLimits.PageHeaderBytes..], block);
    }
}
