using BenchmarkDotNet.Attributes;
using Sluice.Storage;

namespace Sluice.Benchmarks;

/// <summary>
/// The checksum of 8 KiB pages that are in the cache of the core (64 of them, 512 KiB), per page; 8.192 divided by the nanoseconds is GB/s
/// times 1000.
/// </summary>
public class PageChecksumBenchmarks
{
    private const int Pages = 64;

    private readonly byte[] _pages = new byte[Pages * StorageLimits.PageBytes];

    [GlobalSetup]
    public void SetUp() => new Random(1).NextBytes(_pages);

    [Benchmark(Baseline = true, OperationsPerInvoke = Pages)]
    public uint Scalar()
    {
        uint sum = 0;
        for (int page = 0; page < Pages; page++) sum += PageChecksum.HashPortable(PageAt(page));
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Pages)]
    public uint Vectors256()
    {
        uint sum = 0;
        for (int page = 0; page < Pages; page++) sum += PageChecksum.Hash256(PageAt(page));
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Pages)]
    public uint Vectors512()
    {
        uint sum = 0;
        for (int page = 0; page < Pages; page++) sum += PageChecksum.Hash512(PageAt(page));
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Pages)]
    public uint WhatIsChosenHere()
    {
        uint sum = 0;
        for (int page = 0; page < Pages; page++) sum += PageChecksum.Compute(PageAt(page), (uint)page);
        return sum;
    }

    private ReadOnlySpan<byte> PageAt(int page) => _pages.AsSpan(page * StorageLimits.PageBytes, StorageLimits.PageBytes);
}
