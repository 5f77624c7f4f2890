using BenchmarkDotNet.Attributes;
using Sluice.Wal;

namespace Sluice.Benchmarks;

/// <summary>
/// The CRC-32C of the log's records, of bytes that are in the cache of the core: 64 KiB, a large record, and 128 bytes, a small one. The bytes divided by the
/// nanoseconds are GB/s.
/// </summary>
public class Crc32CBenchmarks
{
    private byte[] _bytes = [];

    [Params(128, 65536)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _bytes = new byte[Bytes];
        new Random(1).NextBytes(_bytes);
    }

    /// <summary>The processor's instruction, eight bytes at a time, each waiting for the one before.</summary>
    [Benchmark(Baseline = true)]
    public uint OneChain() => Crc32C.AppendSerial(uint.MaxValue, _bytes);

    [Benchmark]
    public uint ThreeChains() => Crc32C.CanInterleave ? Crc32C.AppendInterleaved(uint.MaxValue, _bytes) : 0;

    [Benchmark]
    public uint WhatIsChosenHere() => Crc32C.Append(uint.MaxValue, _bytes);
}
