using System.Runtime.InteropServices;

namespace Sluice.Storage.Tests.Buffers.Support;

/// <summary>Pages whose every word tells relation, block and version.</summary>
internal static class TestPage
{
    internal static void Fill(Span<byte> page, uint relation, uint block, uint version)
    {
        PageHeader.Initialize(page);
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(page[StorageLimits.PageHeaderBytes..]);
        words[0] = relation;
        words[1] = block;
        words[2] = version;
        uint value = (relation * 31) ^ (block * 0x9E3779B9) ^ (version * 0x85EBCA6B);
        for (int index = 3; index < words.Length; index++) words[index] = value = (value * 1664525) + 1013904223;
        _ = new PageHeader(page) { LogPosition = new LogPosition(version) };
        PageChecksum.Store(page, block);
    }

    internal static byte[] Make(uint relation, uint block, uint version)
    {
        byte[] page = new byte[StorageLimits.PageBytes];
        Fill(page, relation, block, version);
        return page;
    }

    internal static uint VersionOf(ReadOnlySpan<byte> page) => MemoryMarshal.Cast<byte, uint>(page[StorageLimits.PageHeaderBytes..])[2];

    /// <summary>Whether a page is whole: of one version in every word. The checksum field does not count.</summary>
    internal static bool IsWhole(ReadOnlySpan<byte> page, uint relation, uint block, uint version)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(page[StorageLimits.PageHeaderBytes..]);
        if (words[0] != relation || words[1] != block || words[2] != version) return false;
        uint value = (relation * 31) ^ (block * 0x9E3779B9) ^ (version * 0x85EBCA6B);
        for (int index = 3; index < words.Length; index++)
        {
            value = (value * 1664525) + 1013904223;
            if (words[index] != value) return false;
        }

        return true;
    }

    internal static void Check(ReadOnlySpan<byte> page, uint relation, uint block, uint version = 0) =>
        Assert.True(IsWhole(page, relation, block, version),
            $"Block {block} of relation {relation} is not version {version}; "
                + $"its words say block {MemoryMarshal.Cast<byte, uint>(page[24..])[1]}, version {VersionOf(page)}.");
}
