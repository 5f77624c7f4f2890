using System.Runtime.InteropServices;

namespace Sluice.Storage.Tests.Support;

/// <summary>Aligned native pages whose content tells relation, block and version, so that a page in another's place is found.</summary>
internal sealed unsafe class Pages : IDisposable
{
    private readonly byte* _address;

    internal Pages(int count)
    {
        Count = count;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)(count * StorageLimits.PageBytes), 4096);
        NativeMemory.Clear(_address, (nuint)(count * StorageLimits.PageBytes));
    }

    internal int Count { get; }

    internal Span<byte> this[int index] => new(_address + ((long)index * StorageLimits.PageBytes), StorageLimits.PageBytes);

    internal IoVector Vector(int first = 0, int count = 1) =>
        new(_address + ((long)first * StorageLimits.PageBytes), count * StorageLimits.PageBytes);

    /// <summary>One vector per page, in order of memory.</summary>
    internal IoVector[] Vectors(int first, int count) => [.. Enumerable.Range(first, count).Select(index => Vector(index))];

    internal void Fill(int index, uint relation, uint block, uint version = 0) => Fill(this[index], relation, block, version);

    internal void Clear() => NativeMemory.Clear(_address, (nuint)(Count * StorageLimits.PageBytes));

    /// <summary>Makes a valid page with a checksum.</summary>
    internal static void Fill(Span<byte> page, uint relation, uint block, uint version = 0)
    {
        PageHeader.Initialize(page);
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(page[StorageLimits.PageHeaderBytes..]);
        uint value = relation ^ (block * 0x9E3779B9) ^ (version * 0x85EBCA6B);
        for (int index = 0; index < words.Length; index++) words[index] = value = (value * 1664525) + 1013904223;
        words[0] = relation;
        words[1] = block;
        words[2] = version;
        PageHeader header = new(page) { LogPosition = new LogPosition(((ulong)version << 32) | block) };
        header.Upper = StorageLimits.PageBytes;
        PageChecksum.Store(page, block);
    }

    /// <summary>Fails unless a page is the one that <see cref="Fill(Span{byte}, uint, uint, uint)"/> makes.</summary>
    internal static void Check(ReadOnlySpan<byte> page, uint relation, uint block, uint version = 0)
    {
        Span<byte> wanted = stackalloc byte[StorageLimits.PageBytes];
        Fill(wanted, relation, block, version);
        Assert.True(page.SequenceEqual(wanted), $"Block {block} of relation {relation} is not what was written there.");
    }

    public void Dispose() => NativeMemory.AlignedFree(_address);
}
