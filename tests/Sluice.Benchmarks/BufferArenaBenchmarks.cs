using System.Buffers;
using BenchmarkDotNet.Attributes;

namespace Sluice.Benchmarks;

/// <summary>Renting and returning a buffer, against the array pool, whose arrays are neither aligned nor registered.</summary>
public class BufferArenaBenchmarks : IDisposable
{
    private NullSystem _null = null!;

    [GlobalSetup]
    public void SetUp() => _null = new NullSystem();

    [Benchmark(Baseline = true)]
    public int ArrayPoolOfTheSystem()
    {
        byte[] array = ArrayPool<byte>.Shared.Rent(8192);
        ArrayPool<byte>.Shared.Return(array);
        return array.Length;
    }

    [Benchmark]
    public int Arena()
    {
        AioBuffer buffer = _null.Arena.Rent();
        buffer.Return();
        return buffer.LengthBytes;
    }

    [Benchmark]
    public int ArenaWithPin()
    {
        AioBuffer buffer = _null.Arena.Rent();
        buffer.Pin().Dispose();
        buffer.Return();
        return buffer.LengthBytes;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _null.Dispose();
        GC.SuppressFinalize(this);
    }
}
