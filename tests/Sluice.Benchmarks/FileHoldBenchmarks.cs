using BenchmarkDotNet.Attributes;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Benchmarks;

/// <summary>Keeping a file open over an I/O, against what .NET does for each call with a safe handle.</summary>
public class FileHoldBenchmarks : IDisposable
{
    private readonly string _path = Path.GetTempFileName();
    private IoFile _file = null!;
    private SafeFileHandle _handle = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _file = IoFileSystem.OperatingSystem.Open(_path, new IoOpenOptions());
        _handle = File.OpenHandle(_path);
    }

    [Benchmark(Baseline = true)]
    public bool SafeHandle()
    {
        bool isHeld = false;
        _handle.DangerousAddRef(ref isHeld);
        _handle.DangerousRelease();
        return isHeld;
    }

    [Benchmark]
    public bool Hold()
    {
        bool isHeld = _file.TryHold(stripe: 1);
        _file.ReleaseHold(stripe: 1);
        return isHeld;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _file.Dispose();
        _handle.Dispose();
        File.Delete(_path);
        GC.SuppressFinalize(this);
    }
}
