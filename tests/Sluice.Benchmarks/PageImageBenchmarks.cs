using System.IO.Compression;
using BenchmarkDotNet.Attributes;
using Sluice.Storage;
using Sluice.Tests.Shared;
using Sluice.Wal;

namespace Sluice.Benchmarks;

/// <summary>
/// What it costs to make the image of a page smaller than the page without its hole already is: per page, on all pages of a cluster that PostgreSQL wrote. How
/// many bytes are left is printed when a benchmark ends. The bytes that a compressor takes off, divided by its time, is how fast a disk may be at
/// most for it to save time.
/// </summary>
public class PageImageBenchmarks
{
    private const int Pages = 1356;

    private readonly List<byte[]> _pages = [];
    private readonly byte[] _image = new byte[StorageLimits.PageBytes];
    private readonly byte[] _compressed = new byte[2 * StorageLimits.PageBytes];
    private readonly MemoryStream _stream = new(2 * StorageLimits.PageBytes);
    private long _left;

    [GlobalSetup]
    public void SetUp()
    {
        foreach ((string path, byte[] content) in RealCluster.ReadAll())
        {
            if (!path.StartsWith("base/", StringComparison.Ordinal) && !path.StartsWith("global/", StringComparison.Ordinal)) continue;
            if (content.Length == 0 || content.Length % StorageLimits.PageBytes != 0 || !char.IsAsciiDigit(Path.GetFileName(path)[0])) continue;
            for (int at = 0; at < content.Length; at += StorageLimits.PageBytes) _pages.Add(content[at..(at + StorageLimits.PageBytes)]);
        }

        if (_pages.Count != Pages) throw new InvalidOperationException($"The cluster has {_pages.Count} pages and should have {Pages}.");
    }

    [GlobalCleanup]
    public void CleanUp() => Console.WriteLine($"// {(double)_left / Pages:F0} bytes are left of a page of {StorageLimits.PageBytes}: {100.0 * _left / Pages / StorageLimits.PageBytes:F1} %");

    [Benchmark(Baseline = true, OperationsPerInvoke = Pages)]
    public long HoleLeftOut() => Each(static (_, length) => length);

    [Benchmark(OperationsPerInvoke = Pages)]
    public long BrotliQuality0() => Each(static (own, length) => own.Brotli(length, 0));

    [Benchmark(OperationsPerInvoke = Pages)]
    public long BrotliQuality1() => Each(static (own, length) => own.Brotli(length, 1));

    [Benchmark(OperationsPerInvoke = Pages)]
    public long ZLibFastest() => Each(static (own, length) => own.ZLib(length));

    private long Each(Func<PageImageBenchmarks, int, int> shrink)
    {
        long left = 0;
        foreach (byte[] page in _pages)
        {
            (int start, int length) = PageRecord.HoleOf(page);
            page.AsSpan(0, start).CopyTo(_image);
            page.AsSpan(start + length).CopyTo(_image.AsSpan(start));
            left += shrink(this, StorageLimits.PageBytes - length);
        }

        _left = left;
        return left;
    }

    private int Brotli(int length, int quality) =>
        BrotliEncoder.TryCompress(_image.AsSpan(0, length), _compressed, out int written, quality, window: 16) ? Math.Min(written, length) : length;

    private int ZLib(int length)
    {
        _stream.SetLength(0);
        using (ZLibStream zlib = new(_stream, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(_image, 0, length);
        return Math.Min((int)_stream.Length, length);
    }
}
